"""`rlsd restore`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Arm of the policy, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Its updates.")
def restore(experiment: str, arm: str, iteration: int) -> None:
    """Compute again the files of a policy that `rlsd gc` deleted."""
    from assets.cli.gc import restore as run

    run(experiment, arm=arm, iteration=iteration)
