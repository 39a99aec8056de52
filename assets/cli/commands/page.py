"""`rlsd page`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.parameters import EXPERIMENT

if TYPE_CHECKING:
    from assets.cli.loop import Loop
    from rlsd_pipeline.stages.workspace import StageRun


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
    from assets.cli.fitted import show
    from assets.cli.train import open_loop
    from rlsd_pipeline.home import home
    from rlsd_pipeline.page.collect import collect_record
    from rlsd_pipeline.page.document import write_page

    with open_loop(experiment) as (loop, display):
        place = _place(loop, arm, iteration)
        display.say("reading what the arms recorded")
        record = collect_record(loop.workspace, place, _command(experiment, arm, iteration))
        path = out or home() / "reports" / f"{loop.declared.name}.md"
        write_page(record, path)
    show(f"{path}, {path.with_suffix('')}/")


def _place(loop: "Loop", arm: str | None, iteration: int | None) -> "StageRun | None":
    """The iteration whose fidelities are shown; None where none were measured."""
    from rlsd_pipeline.page.collect import measured_place
    from rlsd_pipeline.report.collected.defaults import shown_iterations

    if arm is not None:
        at = shown_iterations(loop.declared.experiment)[0] if iteration is None else iteration
        return loop.workspace.at(loop.arms([arm])[0], at)
    if iteration is not None:
        raise click.UsageError("--iteration needs --arm here")
    return measured_place(loop.workspace)


def _command(experiment: str, arm: str | None, iteration: int | None) -> str:
    """What reads the same numbers again."""
    words = ["rlsd", "page", experiment]
    words += [] if arm is None else ["--arm", arm]
    words += [] if iteration is None else ["--iteration", str(iteration)]
    return shlex.join(words)
