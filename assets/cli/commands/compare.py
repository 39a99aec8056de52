"""`rlsd compare`."""

import click

from assets.cli.parameters import EXPERIMENT, PROMPTS


@click.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Whose rollouts, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Which of them.")
@click.option("--gradients", is_flag=True, help="Load the policy; add norms and cosines.")
@PROMPTS
@click.option("--lookahead", is_flag=True, help="One update by each method, then evaluate each.")
@click.option("--columns", is_flag=True, help="Score first what methods read and the arm has not.")
def compare(
    experiment: str,
    arm: str,
    iteration: int,
    prompts: int | None,
    gradients: bool,
    lookahead: bool,
    columns: bool,
) -> None:
    """Compare all methods on the rollouts of one iteration of EXPERIMENT.

    Works from cached tables alone; no model is loaded without --columns, --prompts, --gradients or
    --lookahead. What --columns scores stays: the comparison of these rollouts reads it from then.
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
    )
