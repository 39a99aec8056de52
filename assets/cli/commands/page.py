"""`rlsd page`."""

from pathlib import Path

import click

from assets.cli.parameters import EXPERIMENT


@click.command()
@EXPERIMENT
@click.option("--arm", help="Arm of the shown fidelities; by default the first that has some.")
@click.option("--iteration", type=click.IntRange(min=0), help="Its iteration.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The Markdown file to write."
)
def page(experiment: str, arm: str | None, iteration: int | None, out: Path | None) -> None:
    """Write everything known of EXPERIMENT as one page in Markdown.

    Beside FILE.md, the folder FILE gets the pictures, and all numbers as record.json. Nothing is
    computed that the store does not have. In a page that exists, only what lies between the two
    marks `<!-- record -->` changes.
    """
    from assets.cli.page import write

    write(experiment, arm=arm, iteration=iteration, out=out)
