"""`rlsd evaluate`."""

import click

from assets.cli.parameters import ARM, EXPERIMENT


@click.command()
@EXPERIMENT
@ARM
@click.option("--iteration", type=click.IntRange(min=0), help="Updates of the policy; the newest.")
@click.option("--benchmark", "benchmarks", multiple=True, help="Only this one, such as mathvista.")
def evaluate(
    experiment: str, arms: tuple[str, ...], iteration: int | None, benchmarks: tuple[str, ...]
) -> None:
    """Score the newest policy of every arm of EXPERIMENT on its benchmarks, and its base.

    An evaluation that is interrupted goes on where it stopped.
    """
    from assets.cli.train import evaluate as run

    run(experiment, arms=arms, iteration=iteration, benchmarks=benchmarks)
