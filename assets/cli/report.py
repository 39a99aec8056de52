"""`rlsd report`: the report of an experiment as one file."""

import shlex
import time
from pathlib import Path

import click

from assets.cli.loop import Loop
from assets.cli.progress import Display, console
from assets.cli.train import open_loop
from rlsd_pipeline.home import home
from rlsd_pipeline.report.collected.defaults import shown_iterations, taught
from rlsd_pipeline.stages.comparison.unscored import is_unscored
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.whole_file import write_whole


def report(experiment: str, *, arm: str | None, iteration: int | None, out: Path | None) -> None:
    """Write the report, comparing the methods on one iteration's tokens first."""
    from rlsd_pipeline.report.collected.collect import collect_report
    from rlsd_pipeline.report.html import render

    started = time.perf_counter()
    with open_loop(experiment) as (loop, display):
        place = _place(loop, arm, iteration)
        if place is not None:
            _compare(loop, place, display)
        display.say("reading what the arms recorded")
        page = render(
            collect_report(loop.workspace, place, f"rlsd report {shlex.quote(experiment)}")
        )
        path = out or home() / "reports" / f"{loop.declared.name}.html"
        write_whole(path, page)
    seconds = time.perf_counter() - started
    console().print(
        f"{path}  ({len(page.encode()) / 1e6:.2f} MB, {seconds:.0f} s)", highlight=False
    )


def _compare(loop: Loop, place: StageRun, display: Display) -> None:
    """Compare the methods on a place's tokens, unless that has been done."""
    if not place.stage(WeightingComparisonStage).is_current(place):
        display.say(f"comparing methods on {place.arm.name}, iteration {place.iteration}")
        loop.compare(place.arm.name, place.iteration)


def _place(loop: Loop, arm: str | None, iteration: int | None) -> StageRun | None:
    """The iteration whose tokens are shown: with a teacher, or else imported; None without."""
    experiment = loop.declared.experiment
    wanted = shown_iterations(experiment)
    if arm is not None:
        return loop.workspace.at(loop.arms([arm])[0], wanted[0] if iteration is None else iteration)
    for name in taught(experiment):
        for at in wanted if iteration is None else [iteration]:
            run = loop.workspace.at(name, at)
            if run.workspace.store.ref(run.reference("logprobs")) is not None:
                return run
    for name in experiment.lineages():
        for at in wanted if iteration is None else [iteration]:
            if is_unscored(run := loop.workspace.at(name, at)):
                return run
    if iteration is not None:
        raise click.UsageError(
            f"--iteration needs --arm here: no arm with a teacher has run iteration {iteration}"
        )
    return None
