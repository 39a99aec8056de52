"""`rlsd compare`."""

from pathlib import Path

import click

from assets.cli.parameters import EXPERIMENT, PROMPTS


@click.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Arm of the rollouts, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Its iteration.")
@click.option("--gradients", is_flag=True, help="Load the policy; add norms and cosines.")
@PROMPTS
@click.option("--lookahead", is_flag=True, help="Update once by each method, and evaluate each.")
@click.option("--columns", is_flag=True, help="First score the columns that methods lack.")
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    help="Write the correlations of all pairs of methods to this .parquet or .jsonl file.",
)
def compare(
    experiment: str,
    arm: str,
    iteration: int,
    prompts: int | None,
    gradients: bool,
    lookahead: bool,
    columns: bool,
    pairs: Path | None,
) -> None:
    """Compare all methods on one iteration's rollouts of EXPERIMENT.

    The comparison reads cached tables; only --columns, --prompts, --gradients and --lookahead load
    a model. The columns are stored, and later comparisons of these rollouts read them.
    """
    from assets.cli.compare import compare as run

    run(
        experiment,
        arm,
        iteration,
        prompts=prompts,
        gradients=gradients,
        lookahead=lookahead,
        columns=columns,
        pairs=pairs,
    )
