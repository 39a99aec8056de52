"""Reads the record of a page from the store; nothing is computed that is not there."""

import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.fingerprint import json_digest
from rlsd_pipeline.home import ROOT
from rlsd_pipeline.page.record import Provenance, Record, record_of
from rlsd_pipeline.page.seeds import seed_scores
from rlsd_pipeline.report.collected.collect import collect_report
from rlsd_pipeline.report.collected.defaults import shown_iterations, taught
from rlsd_pipeline.stages.comparison.larger_batch import widest
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.evaluation.policy_evaluation import Scores, read_scores
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import WeightingComparison

_COMPARED = WeightingComparisonStage.name
_LIBRARIES = ("torch", "transformers")
_DIGITS = 16
"""Hexadecimal digits of an artifact's digest that tell it from others."""


def collect_record(workspace: Workspace, place: StageRun | None, command: str) -> Record:
    """Every number of a page.

    Args:
        workspace: The experiment.
        place: The iteration whose fidelities are shown, or None.
        command: What makes the page again.
    """
    experiment = workspace.experiment
    scores = read_scores(workspace)
    artifacts = dict(_scored(workspace, scores))
    if place is not None:
        artifacts |= dict(_compared(place))
    provenance = Provenance(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        command=command,
        commit=checked_out(),
        declaration=json_digest(experiment.model_dump(mode="json")),
        libraries=_libraries(artifacts.values()),
        artifacts={name: artifact.digest[:_DIGITS] for name, artifact in artifacts.items()},
    )
    report = collect_report(workspace, place, command)
    return record_of(report, provenance, seed_scores(experiment, scores))


def measured_place(workspace: Workspace) -> StageRun | None:
    """The first iteration with fidelities, of those that a report looks at; None without one."""
    for arm in taught(workspace.experiment):
        for iteration in shown_iterations(workspace.experiment):
            run = workspace.at(arm, iteration)
            found = widest(run, _COMPARED)
            artifact = workspace.store.ref(found.reference(_COMPARED))
            if artifact and artifact.record(WeightingComparison).fidelity is not None:
                return run
    return None


def checked_out() -> str | None:
    """The commit of the checkout that this code lies in, with `+` if files differ from it."""
    if not (ROOT / ".git").exists():
        return None
    try:
        commit = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changed else "")


def _git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _scored(workspace: Workspace, scores: Scores) -> Iterable[tuple[str, Artifact]]:
    for benchmark, arms in scores.items():
        for arm, policies in arms.items():
            for updates, one in policies.items():
                run = workspace.at(arm, updates)
                yield run.reference(f"benchmark_scores.{benchmark}"), one.artifact


def _compared(place: StageRun) -> Iterable[tuple[str, Artifact]]:
    """The comparison, and the values that it reads."""
    shown = widest(place, _COMPARED)
    for name in (shown.reference(_COMPARED), shown.reference(TokenValuesStage.name)):
        artifact = place.workspace.store.ref(name)
        if artifact is None:
            return
        yield name, artifact


def _libraries(artifacts: Iterable[Artifact]) -> dict[str, tuple[str, ...]]:
    made_by = [artifact.manifest.libraries for artifact in artifacts]
    found = {name: tuple(sorted({of[name] for of in made_by if name in of})) for name in _LIBRARIES}
    python = {"python": (platform.python_version(),)}
    return python | {name: versions for name, versions in found.items() if versions}
