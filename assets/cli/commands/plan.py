"""`rlsd plan`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(experiment: str, as_json: bool) -> None:
    """Print what EXPERIMENT takes on its declared hardware: memory, work, time and disk.

    Nothing is downloaded or trained. Ends with an error where something cannot fit, and says what
    would.
    """
    from assets.cli.plan import plan as run

    run(experiment, as_json=as_json)
