"""`rlsd report`."""

from pathlib import Path

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option("--arm", help="Arm of the shown tokens; by default the first with a teacher.")
@click.option("--iteration", type=click.IntRange(min=0), help="Its iteration.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
def report(experiment: str, arm: str | None, iteration: int | None, out: Path | None) -> None:
    """Write the report of EXPERIMENT as one HTML file."""
    from assets.cli.report import report as run

    run(experiment, arm=arm, iteration=iteration, out=out)
