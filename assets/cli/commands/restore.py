"""`rlsd restore`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Whose policy, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Its updates.")
def restore(experiment: str, arm: str, iteration: int) -> None:
    """Compute again what `rlsd gc` deleted of a policy, to the same bytes."""
    from assets.cli.gc import restore as run

    run(experiment, arm=arm, iteration=iteration)
