"""`rlsd plan`."""

from typing import Any

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(**given: Any) -> None:
    """Print memory, work, time and disk of EXPERIMENT before it runs.

    The plan is for the declared hardware. Nothing is downloaded or trained. If the experiment
    cannot fit, the command fails and says what would fit.
    """
    from assets.cli.plan import plan as run

    run(**given)
