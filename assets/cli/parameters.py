"""Arguments and options of several commands."""

from collections.abc import Callable
from typing import Any

import click

EXPERIMENT = click.argument("experiment")
ARM = click.option("--arm", "arms", multiple=True, help="Only this arm, for example rlsd-s0.")
PROMPTS = click.option(
    "--prompts",
    type=click.IntRange(min=2),
    help="Use a batch of this many problems; the same policy samples and scores responses.",
)


def place(arm: str, iteration: str = "Its iteration.") -> Callable[[Any], Any]:
    """The required options --arm and --iteration.

    Args:
        arm: Help of the arm, without the example.
        iteration: Help of the iteration.
    """
    of_arm = click.option("--arm", required=True, help=f"{arm}, for example rlsd-s0.")
    number = click.IntRange(min=0)
    of_iteration = click.option("--iteration", type=number, required=True, help=iteration)
    return lambda command: of_arm(of_iteration(command))
