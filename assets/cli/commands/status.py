"""`rlsd status`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
def status(experiment: str) -> None:
    """Show how far every arm of EXPERIMENT is, and its newest scores."""
    from assets.cli.status import status as run

    run(experiment)
