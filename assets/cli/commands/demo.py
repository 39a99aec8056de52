"""`rlsd demo`."""

import click


@click.command()
def demo() -> None:
    """Train GRPO and RLSD on easy-VQA, and evaluate both."""
    from assets.cli.train import train

    train("easy_vqa", arms=(), iterations=None)
