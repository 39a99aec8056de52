"""What several commands take."""

import click

EXPERIMENT = click.argument("experiment")
ARM = click.option("--arm", "arms", multiple=True, help="Only this arm, for example rlsd-s0.")
PROMPTS = click.option(
    "--prompts",
    type=click.IntRange(min=2),
    help="A batch of so many problems before the same policy, sampled, scored and valued for it.",
)
