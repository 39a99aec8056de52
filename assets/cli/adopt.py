"""`rlsd adopt`: a name goes over from one file to another."""

import click

from assets.cli import experiment_file
from assets.naming import experiment_name, known_file, take_name
from rlsd_pipeline.errors import RlsdError


def adopt(experiment: str) -> None:
    """Let the file have its name, and say which one had it."""
    try:
        file = experiment_file(experiment)
        before = known_file(experiment_name(file))
        name = take_name(file, adopt=True)
    except RlsdError as error:
        raise click.ClickException(str(error)) from error
    former = "" if before is None or before.samefile(file) else f", and no longer of {before}"
    click.echo(f"{name} is the name of {file}{former}")
