"""policy_checkpoint: the policy after one more update, published as the next iteration's policy."""

import shutil

from safetensors.torch import save_file
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.models.policy import WEIGHTS, Policy
from rlsd_pipeline.models.pool import OPTIMIZER, Trained, optimizer_state, restore_optimizer
from rlsd_pipeline.stages.requests import inputs_of, policy_checkpoint_request
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.stages.update_groups import update_groups
from rlsd_pipeline.update.policy_update import make_optimizer, update_policy
from schemas import PolicyCheckpoint


def train_policy(run: StageRun) -> Artifact:
    """Update the policy on the iteration's rollouts and publish it as the next one's policy."""
    inputs = inputs_of(run, "policy_checkpoint")
    trained: list[Trained] = []

    def write(out: ArtifactWriter) -> None:
        trained.append(_update(run, inputs, out))

    artifact = run.produce(policy_checkpoint_request(run), write)
    for result in trained:
        run.workspace.pool.put(artifact.digest, result)
    run.workspace.store.set_ref(run.reference("policy", run.iteration + 1), artifact)
    return artifact


def _update(run: StageRun, inputs: dict[str, Artifact], out: ArtifactWriter) -> Trained:
    parent = inputs["policy"].record(PolicyCheckpoint)
    policy, state = run.workspace.pool.take(inputs["policy"])
    optimizer = make_optimizer(policy, run.arm.update)
    restore_optimizer(policy, optimizer, state)
    divergence = run.arm.weighting.stored_divergence
    groups = update_groups(run, inputs, policy)
    tokens = sum(len(ids) for group in groups for ids in group.completion_ids)
    progress = run.workspace.progress
    progress.start("policy_checkpoint", tokens * run.arm.update.epochs, "tokens")
    metrics = update_policy(
        policy,
        optimizer,
        groups,
        run.arm.update,
        temperature=run.experiment.sampling.temperature,
        seed=run.iteration,
        divergence=divergence,
        progress=progress.advance,
    )
    state = optimizer_state(policy, optimizer)
    _save(out, inputs["policy"], policy, state, parent.model_files)
    out.record(
        parent.model_copy(
            update={
                "updates": parent.updates + 1,
                "parent": inputs["policy"].digest,
                "metrics": metrics,
                "optimizer_files": [OPTIMIZER],
            }
        )
    )
    return Trained(policy, state)


def _save(
    out: ArtifactWriter,
    parent: Artifact,
    policy: Policy,
    state: dict[str, Tensor],
    model_files: list[str],
) -> None:
    """Write the weights under the parent's names, and copy what an update does not change."""
    for name in model_files:
        if name != WEIGHTS:
            shutil.copyfile(parent.local_path(name), out.path(name))
    policy.save_weights(out.path(WEIGHTS))
    save_file(state, out.path(OPTIMIZER))
