"""`rlsd page`: everything known of an experiment as one page in Markdown."""

import shlex
from pathlib import Path

import click

from assets.cli.loop import Loop
from assets.cli.progress import console
from assets.cli.train import open_loop
from rlsd_pipeline.home import home
from rlsd_pipeline.report.collected.defaults import shown_iterations
from rlsd_pipeline.stages.workspace import StageRun


def write(experiment: str, *, arm: str | None, iteration: int | None, out: Path | None) -> None:
    """Write the page with its record and pictures, from what the store has."""
    from rlsd_pipeline.page.collect import collect_record
    from rlsd_pipeline.page.document import write_page

    with open_loop(experiment) as (loop, display):
        place = _place(loop, arm, iteration)
        display.say("reading what the arms recorded")
        record = collect_record(loop.workspace, place, _command(experiment, arm, iteration))
        path = out or home() / "reports" / f"{loop.declared.name}.md"
        write_page(record, path)
    console().print(f"{path}, {path.with_suffix('')}/", highlight=False)


def _place(loop: Loop, arm: str | None, iteration: int | None) -> StageRun | None:
    """The iteration whose fidelities are shown; None where none were measured."""
    from rlsd_pipeline.page.collect import measured_place

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
