"""policy_checkpoint: the policy after one more update, published as the next iteration's policy.

`write` and `make` lead a policy from its update to its publication. Only
`rlsd_pipeline.compute.build` distinguishes where the update is computed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.precision import training_precision, update_identity
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.stages.iteration.rollouts import sampled_elsewhere
from rlsd_pipeline.stages.stage import Stage
from schemas import PolicyCheckpoint

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.compute.update import Update, Written
    from rlsd_pipeline.stages.workspace import StageRun


class PolicyCheckpointStage(Stage):
    """Update the policy on the iteration's rollouts, and publish the next iteration's policy."""

    type: Literal["policy_checkpoint"] = "policy_checkpoint"

    name = "policy_checkpoint"
    description = (
        "The policy after this iteration's update, published as the next iteration's `policy`."
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
        return found | sampled_elsewhere(run)

    def seeds(self, run: StageRun) -> dict[str, int]:
        """Arm and iteration order its minibatches."""
        return {"arm": run.arm.seed, "iteration": run.iteration}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Update and write the policy; without a signal it is written unchanged.

        Raises:
            AlignmentError: The tables are not about the same tokens.
            ModelError: The arm has been trained in another way before.
        """
        from rlsd_pipeline.stages.iteration.skipped_update import carries_signal, skip_update

        parent = inputs["policy"]
        before = parent.record(PolicyCheckpoint)
        if carries_signal(inputs["token_weights"]):
            workspace, asked = run.workspace, _update(run, inputs)
            written = workspace.compute.update(asked, out, workspace.progress, run.launcher)
            changes = _changes(parent, written, out)
        else:
            changes = {"metrics": skip_update(run, parent, out)}
        changes |= {"updates": before.updates + 1, "parent": parent.digest}
        out.record(before.model_copy(update=changes))

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
        """Metrics of the update."""
        return dict(artifact.record(PolicyCheckpoint).metrics)


def _update(run: StageRun, inputs: Mapping[str, Artifact]) -> Update:
    """The update that the arm declares, on the tables of the iteration."""
    from rlsd_pipeline.compute.job import UpdateJob
    from rlsd_pipeline.compute.update import Update
    from rlsd_pipeline.stages.iteration.update_groups import minibatch_seed, update_groups

    parent = inputs["policy"]
    return Update(
        job=UpdateJob(
            update=run.arm.update,
            divergence=run.arm.weighting.stored_divergence,
            temperature=run.experiment.sampling.temperature,
            seed=minibatch_seed(run),
            precision=training_precision(run.experiment),
        ),
        policy=parent,
        base=_base(run, parent),
        adapter_seed=run.arm.seed,
        groups=lambda policy: update_groups(run, inputs, policy),
    )


def _base(run: StageRun, parent: Artifact) -> Artifact:
    """The policy whose weights an update starts from: with an adapter, the arm's first one."""
    from rlsd_pipeline.stages.iteration.skipped_update import skipped

    adapts = run.arm.update.lora is not None
    checkpoint = parent.record(PolicyCheckpoint)
    if checkpoint.updates > skipped(checkpoint) and bool(checkpoint.adapter_files) != adapts:
        before, now = ("all weights", "an adapter") if adapts else ("an adapter", "all weights")
        raise ModelError(
            f"the arm {run.arm.name} has trained {before} so far, and update.lora now asks for "
            f"{now}: train the arm from iteration 0"
        )
    return run.read("policy", 0) if adapts else parent


def _changes(parent: Artifact, written: Written, out: ArtifactWriter) -> dict[str, Any]:
    """The fields of the record that differ for a trained policy; the others are copied."""
    from rlsd_pipeline.models.weights import other_files
    from rlsd_pipeline.stages.iteration.skipped_update import SKIPPED, skipped

    before, metrics = parent.record(PolicyCheckpoint), written.metrics
    if count := skipped(before):
        metrics = metrics | {SKIPPED: float(count)}
    kept = other_files(before.model_files)
    for name in kept:
        shutil.copyfile(parent.local_path(name), out.path(name))
    return {
        "metrics": metrics,
        "model_files": sorted([*kept, *written.weight_files]),
        "optimizer_files": written.optimizer_files,
        "adapter_files": written.adapter_files,
    }
