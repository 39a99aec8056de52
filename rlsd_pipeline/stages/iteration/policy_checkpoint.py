"""policy_checkpoint: the policy after one more update, published as the next iteration's policy."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.precision import update_identity
from rlsd_pipeline.stages.stage import Stage
from schemas import PolicyCheckpoint

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.models.pool import Trained
    from rlsd_pipeline.stages.run import StageRun


class PolicyCheckpointStage(Stage):
    """Update the policy on the iteration's rollouts and publish it as the next one's policy."""

    type: Literal["policy_checkpoint"] = "policy_checkpoint"

    name = "policy_checkpoint"
    description = (
        "The policy after this iteration's update. Publishes `policy` of the next iteration."
    )
    version = "3"
    reads = ("problems", "policy", "rollouts", "logprobs", "token_weights")
    decided_by = ("prompts",)
    writes = (PolicyCheckpoint,)
    computes = True

    def settings(self, run: StageRun) -> dict[str, Any]:
        """How the arm updates, and the divergence that its weights weigh."""
        found: dict[str, Any] = {"temperature": run.experiment.sampling.temperature}
        found |= {"update": run.arm.update.identity} | update_identity(run.experiment)
        divergence = run.arm.weighting.stored_divergence
        if divergence is not None:
            found["divergence"] = identity(divergence)
        return found

    def seeds(self, run: StageRun) -> dict[str, int]:
        """Arm and iteration order its minibatches."""
        return {"arm": run.arm.seed, "iteration": run.iteration}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Update, and write the policy as it then is."""
        trained = _update(run, inputs, out)
        if trained is not None:
            # Kept for the next iteration under the digest of what was written.
            out.once_kept(lambda digest: run.workspace.pool.put(digest, trained))

    def make(self, run: StageRun) -> Artifact:
        """The checkpoint, published."""
        artifact = super().make(run)
        run.workspace.store.set_ref(run.reference("policy", run.iteration + 1), artifact)
        return artifact

    def is_current(self, run: StageRun) -> bool:
        """Whether it is as declared, and published; a kill may have come between."""
        store = run.workspace.store
        made = store.intact_ref(run.reference(self.name))
        policy = store.intact_ref(run.reference("policy", run.iteration + 1))
        if made is None or policy is None or made.fingerprint != policy.fingerprint:
            return False
        return super().is_current(run)

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """Of the update."""
        return dict(artifact.record(PolicyCheckpoint).metrics)


def _update(run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> Trained | None:
    """Update unless no token carries signal; the policy, where it is in this process's memory."""
    from rlsd_pipeline.stages.iteration.skipped_update import carries_signal, skip_update

    parent = inputs["policy"]
    checkpoint = parent.record(PolicyCheckpoint)
    changes: dict[str, Any]
    if carries_signal(inputs["token_weights"]):
        trained, changes = _train(run, inputs, checkpoint, out)
    else:
        trained, changes = None, {"metrics": skip_update(run, parent, out)}
    following = {"updates": checkpoint.updates + 1, "parent": parent.digest, **changes}
    out.record(checkpoint.model_copy(update=following))
    return trained


def _train(
    run: StageRun, inputs: Mapping[str, Artifact], checkpoint: PolicyCheckpoint, out: ArtifactWriter
) -> tuple[Trained | None, dict[str, Any]]:
    """The trained policy, where it is in memory, and what its record says otherwise."""
    from rlsd_pipeline.models.weights import other_files
    from rlsd_pipeline.stages.iteration.skipped_update import SKIPPED, skipped
    from rlsd_pipeline.stages.iteration.training import train_here
    from rlsd_pipeline.stages.iteration.training_on_ranks import train_on_ranks, update_ranks

    ranks = update_ranks(run)
    if ranks is None:
        written = train_here(run, inputs, out)
    else:
        written = train_on_ranks(run, inputs, out, ranks)
    metrics = written.metrics
    if before := skipped(checkpoint):
        metrics = metrics | {SKIPPED: float(before)}
    kept = other_files(checkpoint.model_files)
    for name in kept:
        shutil.copyfile(inputs["policy"].local_path(name), out.path(name))
    return written.trained, {
        "metrics": metrics,
        "model_files": sorted([*kept, *written.weight_files]),
        "optimizer_files": written.optimizer_files,
        "adapter_files": written.adapter_files,
    }
