"""An update as a folder that every process of the update reads.

    job.json                 how to update, with the code of a user's divergence
    model/                   the checkpoint to start from, under transformers' own names
    groups.safetensors       prompts, responses and their streams
    optimizer/               the optimizer's state, where the policy has one
    adapter.safetensors      the low-rank adapter, where one is trained

The folder lies where every process sees it, and is removed after the update.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.components.shipped import SHIPPED
from rlsd_pipeline.compute.group_file import read_groups, write_groups
from rlsd_pipeline.config.strict import StrictConfig
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.progress import Progress
from rlsd_pipeline.update.devices import Devices
from rlsd_pipeline.update.policy_update import ONE_DEVICE, UpdateGroup, update_policy
from schemas import PolicyCheckpoint

JOB = "job.json"
MODEL = "model"
OPTIMIZER_FOLDER = "optimizer"
GROUPS = "groups.safetensors"
ADAPTER = "adapter.safetensors"


class UpdateJob(StrictConfig):
    """One update of a policy on one table of rollouts."""

    update: UpdateConfig

    divergence: Annotated[StoredDivergence | None, *SHIPPED] = None
    """The divergence of the distillation weights, if there are any."""

    temperature: float
    """Temperature at which the rollouts were sampled."""

    seed: int
    """Orders the prompts where an epoch has several optimizer steps."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of the computation; weights, optimizer and the sum of gradients are float32."""

    activation_checkpointing: bool = False
    """Compute each layer again in the backward pass."""


def write_job(
    folder: Path,
    job: UpdateJob,
    policy: Artifact,
    groups: Sequence[UpdateGroup],
    *,
    base: Artifact | None = None,
    adapter: Mapping[str, Tensor] | None = None,
) -> None:
    """Write what `train_rank` reads.

    Args:
        folder: An empty folder that every process sees.
        job: How to update.
        policy: Whose optimizer state to go on with, and whose weights; files are linked, not
            copied, where the file system allows it.
        groups: The whole table.
        base: The policy that the adapter belongs to, whose weights stay as they are.
        adapter: The low-rank adapter to train, by parameter name.
    """
    weights = policy if base is None else base
    weights.checkout(folder / MODEL, weights.record(PolicyCheckpoint).model_files)
    policy.checkout(folder / OPTIMIZER_FOLDER, policy.record(PolicyCheckpoint).optimizer_files)
    if adapter is not None:
        save_file(dict(adapter), folder / ADAPTER)
    write_groups(folder / GROUPS, groups)
    (folder / JOB).write_text(job.model_dump_json(), encoding="utf-8")


def read_job(folder: Path) -> UpdateJob:
    """How to update."""
    return UpdateJob.model_validate_json((folder / JOB).read_bytes())


def read_table(folder: Path) -> list[UpdateGroup]:
    """The whole table."""
    return read_groups(folder / GROUPS)


def run_job(
    job: UpdateJob,
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    groups: Sequence[UpdateGroup],
    report: Progress | None,
    devices: Devices = ONE_DEVICE,
) -> dict[str, float]:
    """Update a policy in place on the groups of a job; the metrics.

    Args:
        job: How to update.
        policy: With the weights to start from.
        optimizer: Optimizer of its parameters, with the state to go on with.
        groups: The whole table.
        report: Told how far it is; None on a process that does not speak.
        devices: The processes that share the update.
    """
    if report is not None:
        tokens = sum(len(ids) for group in groups for ids in group.completion_ids)
        report.start("policy_checkpoint", tokens * job.update.epochs, "tokens")
    return update_policy(
        policy,
        optimizer,
        groups,
        job.update,
        temperature=job.temperature,
        seed=job.seed,
        divergence=job.divergence,
        progress=None if report is None else report.advance,
        devices=devices,
    )
