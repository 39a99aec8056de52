"""`rlsd power`."""

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
    help="With which a difference of that size is to be shown.",
)
def power(experiment: str, difference: float, benchmark: str | None, probability: float) -> None:
    """Print how many seeds, and questions, would show a difference between methods.

    The seeds that EXPERIMENT has trained are the pilot: how much a method's paired difference
    varies over them, and what part of that comes of finitely many questions.
    """
    from assets.cli.power import power as run

    run(experiment, difference=difference, benchmark=benchmark, probability=probability)
