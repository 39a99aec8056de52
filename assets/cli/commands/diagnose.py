"""`rlsd diagnose`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option("--arm", help="Also measure how the reference changes this arm's teacher.")
@click.option("--iteration", type=click.IntRange(min=0), default=0, show_default=True)
def diagnose(experiment: str, arm: str | None, iteration: int) -> None:
    """Decide stability, improvement and leakage from recorded trainings.

    With --arm, the teacher scores that iteration's rollouts under every answer of their group:
    mutual information, deviation ratio and corruption probe.
    """
    from assets.cli.diagnose import diagnose as run

    run(experiment, arm=arm, iteration=iteration)
