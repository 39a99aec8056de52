"""`rlsd train`."""

from typing import Any

import click

from assets.cli.parameters import ARM, EXPERIMENT


@click.command()
@EXPERIMENT
@ARM
@click.option("--iterations", type=click.IntRange(min=1), help="Updates; at most as declared.")
def train(**given: Any) -> None:
    """Train the arms of EXPERIMENT, from the last complete artifact on."""
    from assets.cli.train import train as run

    run(**given)
