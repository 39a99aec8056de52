"""`rlsd ui`."""

import click


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port on this machine.")
def ui(port: int) -> None:
    """Open the Dagster UI, reachable from this machine only.

    Opening it starts no training; switched-on automation and queued runs continue.
    """
    from assets.cli.ui import ui as run

    run(port)
