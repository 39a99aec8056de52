"""`rlsd status`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
def status(experiment: str) -> None:
    """Show the progress of every arm, and its newest scores."""
    from assets.cli.status import status as run

    run(experiment)
