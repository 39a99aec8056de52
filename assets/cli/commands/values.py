"""`rlsd values`."""

import click

from assets.cli.parameters import EXPERIMENT, PROMPTS


@click.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Arm of the rollouts, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Its iteration.")
@PROMPTS
def values(experiment: str, arm: str, iteration: int, prompts: int | None) -> None:
    """Measure the true advantage of every token of one iteration.

    The policy continues from each state of its rollouts; `token_values` of the YAML says how often
    and from which states. `rlsd compare` then compares the credit of all methods with it.
    """
    from assets.cli.values import values as run

    run(experiment, arm=arm, iteration=iteration, prompts=prompts)
