"""`rlsd train`, `rlsd evaluate`: the loop, with progress, ending in the table."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from assets.cli.loop import Loop, open_instance
from assets.cli.parallel import train_in_processes
from assets.cli.progress import Display, Lane, console, say
from assets.cli.tables import print_table, where_to_look
from assets.declared import Declared
from assets.naming import experiment_file
from rlsd_pipeline.errors import CollectedError, ConfigError
from rlsd_pipeline.stages.iteration.readable import nothing_readable
from rlsd_pipeline.stages.registry import iteration_of
from rlsd_pipeline.stages.upkeep.earlier import made_again, standing
from rlsd_pipeline.stages.upkeep.former_policies import outdated_notes
from rlsd_pipeline.stages.upkeep.settings import settings_text


def train(experiment: str, *, arms: tuple[str, ...], iterations: int | None) -> None:
    """Train the arms one after the other, evaluating on the way."""
    with open_loop(experiment) as (loop, display):
        declared = loop.declared.experiment
        total = declared.iterations if iterations is None else iterations
        if total > declared.iterations:
            raise ConfigError(
                f"--iterations {total}: {loop.declared.name} declares {declared.iterations}; raise "
                "`iterations` in its YAML to go further"
            )
        chosen = loop.arms(arms)
        processes = min(declared.compute.processes, len(chosen))
        if processes > 1:
            loop.prepare([])
            train_in_processes(loop, display, processes, chosen, total)
        else:
            loop.prepare(chosen)
            for arm in chosen:
                train_arm(loop, display, arm, total)
        _report(loop, display)


def evaluate(
    experiment: str, *, arms: tuple[str, ...], iteration: int | None, benchmarks: tuple[str, ...]
) -> None:
    """Score existing policies."""
    with open_loop(experiment) as (loop, display):
        chosen = loop.benchmarks(benchmarks)
        for arm in loop.arms(arms):
            newest = _newest(loop, arm) if iteration is None else iteration
            if newest is None:
                display.say(f"{arm}: nothing to evaluate yet, train it first")
                continue
            for benchmark in chosen:
                loop.evaluate_on(benchmark, arm, 0)
                loop.evaluate_on(benchmark, arm, newest)
        _report(loop, display)


@contextmanager
def open_loop(experiment: str, declared: Declared | None = None) -> Iterator[tuple[Loop, Display]]:
    """The loop of an experiment, with the display of what it does.

    Args:
        experiment: Its name or path.
        declared: What it is, where that is not what its file says.
    """
    quiet_libraries()
    file = experiment_file(experiment)
    with open_instance() as instance, Display(console()) as display:
        yield Loop(file, instance, display, display.iteration, declared), display


def train_arm(loop: Loop, display: Lane, arm: str, total: int) -> None:
    """Bring one arm to `total` updates, evaluating on the way."""
    stages = len(iteration_of(loop.declared.experiment.lineages()[arm]))
    start = loop.complete(arm, total)
    display.arm(arm, start, total)
    if changed := standing(loop.workspace, arm).changed:
        is_here = "what was made of the former is behind"
        if not made_again(changed):
            is_here = "what is here is of the earlier declaration"
        display.say(
            f"{arm}: {settings_text(changed)}: {is_here}; what does not depend on it is reused"
        )
    computed = loop.computed
    loop.evaluate(arm, 0)
    _make_up(loop, display, arm, [k for k in range(1, start + 1) if _is_due(loop, k, total)])
    for updates in _stops(loop, start, total):
        loop.train(arm, updates)
        if updates == start + 1 and (warning := nothing_readable(loop.workspace.at(arm, start))):
            display.say(f"{arm}: iteration {start}: {warning}")
        if _is_due(loop, updates, total):
            _evaluate(loop, display, arm, updates)
    # An iteration that an earlier one brings back is neither run nor looked up stage by stage.
    if reused := total * stages - (loop.computed - computed):
        display.say(f"{arm}: reused {reused} of {total * stages} stages")
    loop.workspace.tracking.close()


def _make_up(loop: Loop, display: Lane, arm: str, due: Iterable[int]) -> None:
    """Evaluate what is due and has no score: a kill may have come in between."""
    for updates in due:
        if loop.lacks_score(arm, updates):
            display.say(f"{arm}: evaluating the policy after {updates} updates, which was left out")
            _evaluate(loop, display, arm, updates)


def _evaluate(loop: Loop, display: Lane, arm: str, updates: int) -> None:
    """Evaluate a policy, unless its weights were deleted: a score is no reason to train again."""
    try:
        loop.evaluate(arm, updates)
    except CollectedError as error:
        display.say(f"{arm}: {error}")


def _stops(loop: Loop, start: int, total: int) -> list[int]:
    """The pauses of a training: also after its first update, which may show a useless setup.

    And where the policy is evaluated.
    """
    every = range(start + 1, total + 1)
    return [k for k in every if k == start + 1 or _is_due(loop, k, total)]


def _is_due(loop: Loop, updates: int, total: int) -> bool:
    """Whether training evaluates the policy after these updates: always the base and the end."""
    return updates % loop.declared.experiment.evaluation.every == 0 or updates == total


def _report(loop: Loop, display: Display) -> None:
    loop.results()
    if loop.wall_seconds:
        outside = loop.wall_seconds - loop.stage_seconds
        display.say(
            f"{loop.wall_seconds:.0f} s in iterations, {outside / loop.wall_seconds:.0%} of it "
            "outside the stages (orchestration, checks, artifacts)"
        )
    display.say("")
    print_table(loop.workspace, outdated_notes(loop.workspace))
    say(where_to_look(loop))


def _newest(loop: Loop, arm: str) -> int | None:
    run = loop.workspace.at(arm, 0)
    iterations = range(loop.declared.experiment.iterations, -1, -1)
    store = loop.workspace.store
    return next((k for k in iterations if store.ref(run.reference("policy", k))), None)


def quiet_libraries() -> None:
    """The progress bars of model loading would tear ours apart.

    The libraries read it when they are loaded, which many commands have no need of.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if "transformers" in sys.modules:
        from transformers.utils import logging

        logging.disable_progress_bar()
        logging.set_verbosity_error()
