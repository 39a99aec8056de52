"""restore: recomputes collected checkpoints, on request or because a training reads them."""

import logging
from collections.abc import Callable
from dataclasses import replace

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.restoring import RestoringStore
from rlsd_pipeline.errors import ArtifactError, CollectedError
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.teacher import averaged_again
from rlsd_pipeline.stages.upkeep.retention import files_by_part
from rlsd_pipeline.stages.workspace import StageRun
from schemas import PolicyCheckpoint

_LOG = logging.getLogger(__name__)


def with_restored(run: StageRun, make: Callable[[StageRun], Artifact]) -> Artifact:
    """Make a stage of a training; checkpoints whose deleted files it reads are computed again.

    Arms share checkpoints, and one arm may be past a checkpoint before another begins.

    Args:
        run: The arm and the iteration.
        make: Makes the stage there; it is called again once the files are back.

    Raises:
        CollectedError: A deleted file cannot be computed again; says why.
    """
    restored: set[str] = set()
    while True:
        try:
            return make(run)
        except CollectedError as lost:
            if lost.fingerprint in restored or not _restore(run, lost):
                raise
            restored.add(lost.fingerprint)


def missing_updates(run: StageRun) -> range:
    """The iterations whose update must be computed again for a policy to be whole.

    An update needs the policy before it with its optimizer state, so this goes back to the last
    policy that has both; the base always does.

    Args:
        run: The arm, and the updates of the policy as the iteration.

    Raises:
        ArtifactError: There is no such policy.
    """
    first = run.iteration
    while run.read("policy", first).collected:
        first -= 1
    return range(first, run.iteration)


def restore_policy(run: StageRun) -> Artifact:
    """Compute the deleted files of a policy again, and those that this needs.

    Args:
        run: The arm, and the updates of the policy as the iteration.

    Raises:
        ArtifactError: There is no such policy, the experiment is not what it was trained by, or
            the computation gives other bytes here.
    """
    for update in missing_updates(run):
        before = _over_restoring_store(run, update)
        _require_same_experiment(before)
        _say(run, "policy", update + 1)
        before.make(PolicyCheckpointStage)
    return run.read("policy")


def _restore(run: StageRun, lost: CollectedError) -> bool:
    """Compute the artifact that lacks a file again; whether it is a policy or teacher of the arm.

    Raises:
        CollectedError: That fails; says why.
    """
    name = "teacher" if lost.stage == "teacher" else "policy"
    store = run.workspace.store
    for iteration in range(run.iteration, 0, -1):
        found = store.intact_ref(run.reference(name, iteration))
        if found is None or (found.stage, found.fingerprint) != (lost.stage, lost.fingerprint):
            continue
        try:
            if name == "policy":
                restore_policy(replace(run, iteration=iteration))
            else:
                _say(run, name, iteration)
                with_restored(_over_restoring_store(run, iteration), averaged_again)
        except ArtifactError as error:
            message = f"{lost}. That was tried: {error}"
            raise CollectedError(message, lost.stage, lost.fingerprint) from error
        return True
    return False


def _over_restoring_store(run: StageRun, iteration: int) -> StageRun:
    workspace = run.workspace.over(RestoringStore(run.workspace.store))
    return replace(run, workspace=workspace, iteration=iteration, recompute=False)


def _say(run: StageRun, name: str, iteration: int) -> None:
    """Tell what is about to be computed again, and why."""
    artifact = run.read(name, iteration)
    parts = files_by_part(artifact.record(PolicyCheckpoint)).items()
    lost = [part for part, names in parts if not artifact.collected.keys().isdisjoint(names)]
    _LOG.warning(
        "%s %03d of %s is computed again: its %s had been deleted",
        name,
        iteration,
        run.arm.name,
        " and ".join(lost),
    )


def _require_same_experiment(run: StageRun) -> None:
    """Check that today's declaration requests the stored artifact."""
    wanted = run.stage(PolicyCheckpointStage).request(run.as_drawn()).fingerprint
    if run.read("policy", run.iteration + 1).fingerprint != wanted:
        raise ArtifactError(
            f"policy {run.iteration + 1:03d} of {run.arm.name} was trained by another declaration "
            "than the present one: restore it with the YAML that trained it"
        )
