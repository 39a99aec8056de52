"""policy_checkpoint: the policy after one more update, published as the next iteration's policy."""

import shutil
from typing import Any

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.models.pool import Trained
from rlsd_pipeline.models.weights import other_files
from rlsd_pipeline.stages.iteration.skipped_update import (
    SKIPPED,
    carries_signal,
    skip_update,
    skipped,
)
from rlsd_pipeline.stages.iteration.training import train_here
from rlsd_pipeline.stages.iteration.training_on_ranks import train_on_ranks, update_ranks
from rlsd_pipeline.stages.requests import inputs_of, policy_checkpoint_request
from rlsd_pipeline.stages.run import StageRun
from schemas import PolicyCheckpoint


def train_policy(run: StageRun) -> Artifact:
    """Update the policy on the iteration's rollouts and publish it as the next one's policy."""
    inputs = inputs_of(run, "policy_checkpoint")
    in_memory: list[Trained] = []

    def write(out: ArtifactWriter) -> None:
        trained = _update(run, inputs, out)
        if trained is not None:
            in_memory.append(trained)

    artifact = run.produce(policy_checkpoint_request(run), write)
    for trained in in_memory:
        run.workspace.pool.put(artifact.digest, trained)
    run.workspace.store.set_ref(run.reference("policy", run.iteration + 1), artifact)
    return artifact


def _update(run: StageRun, inputs: dict[str, Artifact], out: ArtifactWriter) -> Trained | None:
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
    run: StageRun, inputs: dict[str, Artifact], checkpoint: PolicyCheckpoint, out: ArtifactWriter
) -> tuple[Trained | None, dict[str, Any]]:
    """The trained policy, where it is in memory, and what its record says otherwise."""
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
