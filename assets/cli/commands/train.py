"""`rlsd train`."""

import click

from assets.cli.parameters import ARM, EXPERIMENT


@click.command()
@EXPERIMENT
@ARM
@click.option("--iterations", type=click.IntRange(min=1), help="Updates; at most as declared.")
def train(experiment: str, arms: tuple[str, ...], iterations: int | None) -> None:
    """Train the arms of EXPERIMENT, from the last complete artifact on."""
    from assets.cli.train import train as run

    run(experiment, arms=arms, iterations=iterations)
