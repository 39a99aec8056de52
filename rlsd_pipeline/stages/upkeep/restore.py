"""restore: recomputes the collected checkpoint of an iteration."""

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.artifacts.restoring import RestoringStore
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.workspace import StageRun, Workspace


def missing_updates(workspace: Workspace, arm: str, iteration: int) -> range:
    """The iterations whose update must be computed again for the policy of one to be whole.

    An update needs the policy before it with its optimizer state, so this goes back to the last
    policy that has both; the base always does.

    Raises:
        ArtifactError: There is no such policy.
    """
    first = iteration
    while workspace.at(arm, first).read("policy").collected:
        first -= 1
    return range(first, iteration)


def restore_policy(workspace: Workspace, arm: str, iteration: int) -> Artifact:
    """Compute the deleted files of the policy after some updates again, and those it needs.

    Args:
        workspace: Workspace of a store that restores.
        arm: The training lineage.
        iteration: Updates of the policy.

    Raises:
        ArtifactError: There is no such policy, the experiment is not what it was trained by, or
            the computation gives other bytes here.
    """
    assert isinstance(workspace.store, RestoringStore)
    for update in missing_updates(workspace, arm, iteration):
        run = workspace.at(arm, update)
        _require_same_experiment(run)
        run.make(PolicyCheckpointStage)
    return workspace.at(arm, iteration).read("policy")


def _require_same_experiment(run: StageRun) -> None:
    """Check that today's declaration requests the stored artifact."""
    wanted = run.stage(PolicyCheckpointStage).request(run.as_drawn()).fingerprint
    if run.read("policy", run.iteration + 1).fingerprint != wanted:
        raise ArtifactError(
            f"policy {run.iteration + 1:03d} of {run.arm.name} was trained by another declaration "
            "than the present one: restore it with the YAML that trained it"
        )
