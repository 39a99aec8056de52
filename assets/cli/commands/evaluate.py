"""`rlsd evaluate`."""

from typing import Any

import click

from assets.cli.parameters import ARM, EXPERIMENT


@click.command()
@EXPERIMENT
@ARM
@click.option("--iteration", type=click.IntRange(min=0), help="Updates of the policy.")
@click.option("--benchmark", "benchmarks", multiple=True, help="Only this one, such as mathvista.")
def evaluate(**given: Any) -> None:
    """Score the newest policy of every arm of EXPERIMENT, and its base.

    An interrupted evaluation continues where it stopped. --iteration scores another policy.
    """
    from assets.cli.train import evaluate as run

    run(**given)
