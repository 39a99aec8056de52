"""`rlsd values`."""

import click

from assets.cli.parameters import EXPERIMENT, PROMPTS


@click.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Whose rollouts, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Which of them.")
@PROMPTS
def values(experiment: str, arm: str, iteration: int, prompts: int | None) -> None:
    """Measure what every token of one iteration of EXPERIMENT was worth.

    The policy continues from each state of its rollouts; `token_values` of the YAML says how often
    and from which. `rlsd compare` then holds the credit of all methods against it.
    """
    from assets.cli.values import values as run

    run(experiment, arm=arm, iteration=iteration, prompts=prompts)
