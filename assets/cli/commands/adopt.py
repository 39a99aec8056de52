"""`rlsd adopt`."""

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
def adopt(experiment: str) -> None:
    """Hand the name of EXPERIMENT over from another file to this one.

    This file then continues with the results under the name.

    A moved file needs no `adopt`: the name is free once its old file is gone.
    """
    from assets.naming import experiment_file, experiment_name, known_file, take_name

    file = experiment_file(experiment)
    before = known_file(experiment_name(file))
    name = take_name(file, adopt=True)
    former = "" if before is None or before.samefile(file) else f", and no longer of {before}"
    click.echo(f"{name} is the name of {file}{former}")
