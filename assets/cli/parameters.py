"""Arguments and options of several commands."""

import click

EXPERIMENT = click.argument("experiment")
ARM = click.option("--arm", "arms", multiple=True, help="Only this arm, for example rlsd-s0.")
PROMPTS = click.option(
    "--prompts",
    type=click.IntRange(min=2),
    help="Use a batch of this many problems; the same policy samples and scores responses.",
)
