"""The request for an update and its result, independent of the place of computation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.compute.job import UpdateJob
from rlsd_pipeline.compute.launcher import Launcher
from rlsd_pipeline.models.adapter import ADAPTER_WEIGHTS, load_adapter, new_adapter, save_adapter
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.weights import save_optimizer, save_weights
from rlsd_pipeline.progress import Progress
from rlsd_pipeline.update.policy_update import UpdateGroup
from schemas import PolicyCheckpoint

Named = Iterable[tuple[str, Tensor]]
"""Tensors by name, each read or put together when its turn comes."""


class Update(NamedTuple):
    """One update of a policy on one table of rollouts.

    Attributes:
        job: How to update.
        policy: What is updated; its optimizer's state and its adapter go on.
        base: The policy whose weights the update starts from; with an adapter, not `policy`.
        adapter_seed: Decides a new adapter.
        groups: The whole table, its prompts as a policy encodes them.
    """

    job: UpdateJob
    policy: Artifact
    base: Artifact
    adapter_seed: int
    groups: Callable[[Policy], Sequence[UpdateGroup]]

    def adapter(self, shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
        """The adapter as the policy has it, or a new one, by parameter name.

        Args:
            shapes: What the declared adapter has.

        Raises:
            ModelError: The policy's adapter is of another kind, or belongs to another base.
        """
        if self.policy.record(PolicyCheckpoint).adapter_files:
            path = self.policy.local_path(ADAPTER_WEIGHTS)
            return load_adapter(path, shapes, self.base.digest)
        return new_adapter(shapes, self.adapter_seed)


class Updated(NamedTuple):
    """An update that is computed.

    Attributes:
        metrics: Metrics of the update.
        weights: In float32, the adapter added; None where they are the model's own.
        optimizer: Its state, by `parameter/field`.
        adapter: Nothing where the weights themselves were trained.
    """

    metrics: dict[str, float]
    weights: Named | None
    optimizer: Named
    adapter: Named


class Written(NamedTuple):
    """An update that is on disk.

    Attributes:
        metrics: Metrics of the update.
        weight_files: Names of the files that hold the weights.
        optimizer_files: The same of the optimizer's state.
        adapter_files: The same of the adapter; none where the weights themselves were trained.
    """

    metrics: dict[str, float]
    weight_files: list[str]
    optimizer_files: list[str]
    adapter_files: list[str]


class Updating(Protocol):
    """Computes updates."""

    def __call__(
        self, asked: Update, out: ArtifactWriter, progress: Progress, launcher: Launcher
    ) -> Written:
        """Update a policy and write the result.

        Args:
            asked: The update.
            out: Takes its files.
            progress: Told how far it is.
            launcher: Starts processes, for those that are started by a command.

        Raises:
            TrainingError: The loss or a gradient is not finite.
            ComputeError: A process failed; holds its traceback.
            ModelError: The adapter does not fit the policy.
        """
        ...


def write_policy(
    out: ArtifactWriter, asked: Update, model: PreTrainedModel, updated: Updated
) -> Written:
    """Write weights, optimizer state and adapter of an update, one after the other.

    Args:
        out: Takes their files.
        asked: The update.
        model: Names the weights; has them itself where `updated` has none.
        updated: What the update gave.
    """
    folder, lora, adapter_files = folder_of(out), asked.job.update.lora, list[str]()
    if lora is not None:
        adapter_files = save_adapter(folder, dict(updated.adapter), lora, asked.base.digest)
    weights = None if updated.weights is None else dict(updated.weights)
    return Written(
        updated.metrics,
        save_weights(model, folder, weights),
        save_optimizer(folder, updated.optimizer),
        adapter_files,
    )


def folder_of(out: ArtifactWriter) -> Path:
    """The folder in which the files of a checkpoint are written."""
    return out.path("config.json").parent
