"""`rlsd demo`."""

import click


@click.command()
def demo() -> None:
    """Train GRPO and RLSD on easy-VQA, evaluate both, and print where to look."""
    from assets.cli.train import train

    train("easy_vqa", arms=(), iterations=None)
