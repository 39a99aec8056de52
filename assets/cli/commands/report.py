"""`rlsd report`."""

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.parameters import EXPERIMENT

if TYPE_CHECKING:
    from assets.cli.loop import Loop
    from rlsd_pipeline.stages.workspace import StageRun


@click.command()
@EXPERIMENT
@click.option("--arm", help="Arm of the shown tokens; by default the first with a teacher.")
@click.option("--iteration", type=click.IntRange(min=0), help="Its iteration.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
def report(experiment: str, arm: str | None, iteration: int | None, out: Path | None) -> None:
    """Write the report of EXPERIMENT as one HTML file."""
    from assets.cli.fitted import show
    from assets.cli.train import open_loop
    from rlsd_pipeline.home import home
    from rlsd_pipeline.report.collected.collect import collect_report
    from rlsd_pipeline.report.html import render
    from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
    from rlsd_pipeline.whole_file import write_whole

    started = time.perf_counter()
    with open_loop(experiment) as (loop, display):
        place = _place(loop, arm, iteration)
        if place is not None and not place.stage(WeightingComparisonStage).is_current(place):
            display.say(f"comparing methods on {place.arm.name}, iteration {place.iteration}")
            loop.compare(place.arm.name, place.iteration)
        display.say("reading what the arms recorded")
        command = f"rlsd report {shlex.quote(experiment)}"
        page = render(collect_report(loop.workspace, place, command))
        path = out or home() / "reports" / f"{loop.declared.name}.html"
        write_whole(path, page)
    seconds = time.perf_counter() - started
    show(f"{path}  ({len(page.encode()) / 1e6:.2f} MB, {seconds:.0f} s)")


def _place(loop: "Loop", arm: str | None, iteration: int | None) -> "StageRun | None":
    """The iteration whose tokens are shown: with a teacher, or else imported; None without."""
    from rlsd_pipeline.report.collected.defaults import shown_iterations, taught
    from rlsd_pipeline.stages.comparison.unscored import is_unscored

    experiment = loop.declared.experiment
    wanted = shown_iterations(experiment) if iteration is None else [iteration]
    if arm is not None:
        return loop.workspace.at(loop.arms([arm])[0], wanted[0])
    for name in taught(experiment):
        for at in wanted:
            run = loop.workspace.at(name, at)
            if run.workspace.store.ref(run.reference("logprobs")) is not None:
                return run
    for name in experiment.lineages():
        for at in wanted:
            if is_unscored(run := loop.workspace.at(name, at)):
                return run
    if iteration is not None:
        raise click.UsageError(
            f"--iteration needs --arm here: no arm with a teacher has run iteration {iteration}"
        )
    return None
