"""`rlsd compare`."""

from pathlib import Path
from typing import Any

import click

from assets.cli.parameters import EXPERIMENT, PROMPTS, place


@click.command()
@EXPERIMENT
@place("Arm of the rollouts")
@click.option("--gradients", is_flag=True, help="Load the policy; add norms and cosines.")
@PROMPTS
@click.option("--lookahead", is_flag=True, help="Update once by each method, and evaluate each.")
@click.option("--columns", is_flag=True, help="First score the columns that methods lack.")
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    help="Write the correlations of all pairs of methods to this .parquet or .jsonl file.",
)
def compare(**given: Any) -> None:
    """Compare all methods on one iteration's rollouts of EXPERIMENT.

    The comparison reads cached tables; only --columns, --prompts, --gradients and --lookahead load
    a model. The columns are stored, and later comparisons of these rollouts read them.
    """
    from assets.cli.compare import compare as run

    run(**given)
