"""An update in this process."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.config.precision import training_precision
from rlsd_pipeline.config.update import LoRAConfig
from rlsd_pipeline.models.adapter import (
    adapter_shapes,
    add_adapter,
    merge,
    merged_weights,
    rest,
    save_adapter,
)
from rlsd_pipeline.models.master_weights import MasterWeights
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import Trained, exact_weights, optimizer_state, restore_optimizer
from rlsd_pipeline.models.weights import save_optimizer, save_weights
from rlsd_pipeline.stages.iteration.arm_adapter import arm_adapter, arm_base
from rlsd_pipeline.stages.iteration.update_groups import minibatch_seed, update_groups
from rlsd_pipeline.stages.run import StageRun
from rlsd_pipeline.update.policy_update import make_optimizer, update_policy


class Written(NamedTuple):
    """What an update wrote.

    Attributes:
        metrics: Of the update.
        weight_files: Names of the files that hold the weights.
        optimizer_files: The same of the optimizer's state.
        adapter_files: The same of the adapter; none where the weights themselves were trained.
        trained: The policy, where it is in this process's memory.
    """

    metrics: dict[str, float]
    weight_files: list[str]
    optimizer_files: list[str]
    adapter_files: list[str]
    trained: Trained | None


def train_here(run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> Written:
    """Update the policy in this process, and write it."""
    parent, lora = inputs["policy"], run.arm.update.lora
    base, precision = arm_base(run, parent), training_precision(run.experiment)
    policy, state = run.workspace.pool.take(parent, precision)
    if lora is not None:
        policy, _ = run.workspace.pool.take(base, precision)
        values = _add(run, parent, base, policy, lora)
    elif precision != "float32":
        values = exact_weights(parent)
    if precision != "float32":
        policy.masters = MasterWeights(policy.model, values)
    optimizer = make_optimizer(policy, run.arm.update)
    restore_optimizer(policy, optimizer, state)
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
        seed=minibatch_seed(run),
        divergence=run.arm.weighting.stored_divergence,
        progress=progress.advance,
    )
    state = optimizer_state(policy, optimizer)
    folder, adapter_files = out.path("config.json").parent, []
    trained = {name: parameter.detach() for name, parameter in policy.trained.items()}
    if lora is not None:
        adapter_files = save_adapter(folder, trained, lora, base.digest)
    return Written(
        metrics,
        _save_weights(policy, trained, folder),
        save_optimizer(folder, state.items()),
        adapter_files,
        Trained(policy, state),
    )


def _add(
    run: StageRun, parent: Artifact, base: Artifact, policy: Policy, lora: LoRAConfig
) -> Mapping[str, Tensor]:
    """Put the arm's adapter around the base policy's modules; its float32 values."""
    add_adapter(policy.model, lora)
    adapter = arm_adapter(run, parent, base, adapter_shapes(policy.model))
    device, dtype = policy.model.device, policy.model.dtype
    values = {name: value.to(device, dtype) for name, value in adapter.values.items()}
    policy.model.load_state_dict(values, strict=False, assign=True)
    return adapter.values


def _save_weights(policy: Policy, trained: Mapping[str, Tensor], folder: Path) -> list[str]:
    """Write float32 weights, and leave the policy as others read it.

    In float32 an adapter is merged; in bfloat16 it stays beside the base weights.
    """
    if policy.masters is None:
        merge(policy.model)
        return save_weights(policy.model, folder)
    policy.masters.release()
    policy.masters = None
    exact = merged_weights(policy.model, trained)
    rest(policy.model)
    return save_weights(policy.model, folder, dict(trained) if exact is None else exact)
