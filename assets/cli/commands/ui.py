"""`rlsd ui`."""

import click


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port on this machine.")
def ui(port: int) -> None:
    """Open the Dagster UI with its daemon, reachable from this machine only.

    It starts no training: what a person switched on or left running goes on.
    """
    from assets.cli.ui import ui as run

    run(port)
