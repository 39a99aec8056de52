"""`rlsd power`."""

from typing import Any

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option(
    "--difference",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="The true difference to show, such as 0.02: two points of accuracy.",
)
@click.option("--benchmark", help="Only this one, such as mathvista.")
@click.option(
    "--probability",
    type=click.FloatRange(min=0.5, max=1, max_open=True),
    default=0.8,
    show_default=True,
    help="Probability with which the seeds are to show the difference.",
)
def power(**given: Any) -> None:
    """Print how many seeds and questions show a given difference.

    The trained seeds of EXPERIMENT are the pilot: they give the spread of a method's paired
    difference, and the part of it that finitely many questions cause.
    """
    from assets.cli.power import power as run

    run(**given)
