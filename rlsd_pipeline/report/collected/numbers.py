"""The numbers of an arm's iterations, from which its curves are drawn.

Each is read once from its artifact. An arm of hundreds of iterations takes seconds to read, so the
numbers are cached beside the artifacts.
"""

from contextlib import suppress
from typing import NamedTuple

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.notes import keep_note, read_note
from rlsd_pipeline.artifacts.references import REFS, ref_name
from rlsd_pipeline.diagnostics.moments import table_moments
from rlsd_pipeline.report.collected.quantities import PARTS, QUANTITIES
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.stage import Stage
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.tracking.metrics import stage_metrics
from schemas import TokenLogprobs

_VERSION = 2
"""Raised when a metric that is kept changes its meaning, or another one is kept."""

MOMENTS = "moments/"
"""What the name of a mean over an iteration's tokens begins with."""

_WORTH_KEEPING = 32
"""Artifacts that were read and whose numbers are not kept yet; of a short arm, a quarter of all."""

STAGES: dict[str, type[Stage]] = {
    stage.name: stage
    for stage in (
        RolloutsStage,
        RewardsStage,
        LogprobsStage,
        TokenValuesStage,
        PolicyCheckpointStage,
    )
}

_KEPT = frozenset(quantity.number for quantity in QUANTITIES)


class _Entry(NamedTuple):
    """The numbers of one artifact.

    Attributes:
        modified: When the reference to it was written.
        digest: Digest of the artifact.
        numbers: By `stage/name`.
    """

    modified: float
    digest: str
    numbers: dict[str, float]


_read: dict[tuple[str, str, str], dict[str, _Entry]] = {}
"""Store, experiment and arm -> what this process has read, by `iteration/stage`."""

_unkept: dict[tuple[str, str, str], int] = {}
"""Store, experiment and arm -> how many artifacts this process has read and not kept."""


def arm_numbers(workspace: Workspace, arm: str) -> dict[int, dict[str, float]]:
    """Iteration -> number by `stage/name`, of the iterations that are declared and there.

    A damaged artifact counts as absent.
    """
    place = (workspace.store.url, workspace.name, arm)
    known = _read[place] if place in _read else _kept(workspace, arm)
    entries: dict[str, _Entry] = {}
    new = _unkept.get(place, 0)
    for file in workspace.store.storage.listing(f"{REFS}/{workspace.name}/{arm}"):
        *_, iteration, stage = (parts := ref_name(file.path).split("/"))
        if len(parts) != 4 or stage not in STAGES or not iteration.isdigit():
            continue
        former = known.get(f"{iteration}/{stage}")
        if former is not None and former.modified == file.modified:
            entries[f"{iteration}/{stage}"] = former
            continue
        # A user's own stage may raise any exception: a curve is no reason to end a training.
        with suppress(Exception):
            artifact = workspace.store.intact_ref(ref_name(file.path))
            if artifact is not None:
                same = former is not None and former.digest == artifact.digest
                numbers = former.numbers if former and same else _numbers(workspace, artifact)
                entries[f"{iteration}/{stage}"] = _Entry(file.modified, artifact.digest, numbers)
                new += 1
    if new and new >= min(_WORTH_KEEPING, len(entries) / 4):
        _keep(workspace, arm, entries)
        new = 0
    _read[place], _unkept[place] = entries, new
    return _by_iteration(entries, workspace.experiment.iterations)


def _numbers(workspace: Workspace, artifact: Artifact) -> dict[str, float]:
    found = stage_metrics(workspace.stage(STAGES[artifact.stage]), artifact)
    numbers = {name: of for name, of in found.items() if name in _KEPT or name.startswith(PARTS)}
    return numbers | (_moments(artifact) if artifact.stage == LogprobsStage.name else {})


def _moments(artifact: Artifact) -> dict[str, float]:
    """The numbers of an iteration's tokens for the diagnostics."""
    table = artifact.table(TokenLogprobs, ["student_logprobs", "teacher_logprobs"])
    found = table_moments(table)._asdict()
    return {f"{MOMENTS}{name}": of for name, of in found.items() if of is not None}


def _by_iteration(entries: dict[str, _Entry], declared: int) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    for name, entry in entries.items():
        iteration = int(name.split("/")[0])
        if iteration < declared:
            found.setdefault(iteration, {}).update(entry.numbers)
    return dict(sorted(found.items()))


def _note(workspace: Workspace, arm: str) -> str:
    return f"{workspace.name}/{arm}"


def _kept(workspace: Workspace, arm: str) -> dict[str, _Entry]:
    """The cached numbers; empty if another version wrote them."""
    document = read_note(workspace.store.storage, _note(workspace, arm))
    with suppress(TypeError, KeyError, AttributeError):
        if document.get("version") == _VERSION:
            return {name: _Entry(*fields) for name, fields in document["entries"].items()}
    return {}


def _keep(workspace: Workspace, arm: str, entries: dict[str, _Entry]) -> None:
    document = {"version": _VERSION, "entries": entries}
    keep_note(workspace.store.storage, _note(workspace, arm), document)
