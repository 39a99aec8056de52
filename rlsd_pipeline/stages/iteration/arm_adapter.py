"""The low-rank adapter that an arm trains, and the policy it belongs to."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.adapter import ADAPTER_WEIGHTS, load_adapter, new_adapter
from rlsd_pipeline.stages.iteration.skipped_update import skipped
from rlsd_pipeline.stages.run import StageRun
from schemas import PolicyCheckpoint


class ArmAdapter(NamedTuple):
    """An adapter before an update.

    Attributes:
        base: The policy that the arm began with, whose weights stay as they are.
        values: The adapter by parameter name.
    """

    base: Artifact
    values: dict[str, Tensor]


def arm_base(run: StageRun, parent: Artifact) -> Artifact:
    """The policy whose weights an update starts from: with an adapter, the arm's first one.

    Raises:
        ModelError: The arm has been trained in another way before.
    """
    adapts = run.arm.update.lora is not None
    checkpoint = parent.record(PolicyCheckpoint)
    if checkpoint.updates > skipped(checkpoint) and bool(checkpoint.adapter_files) != adapts:
        before, now = ("all weights", "an adapter") if adapts else ("an adapter", "all weights")
        raise ModelError(
            f"the arm {run.arm.name} has trained {before} so far, and update.lora now asks for "
            f"{now}: train the arm from iteration 0"
        )
    return run.read("policy", 0) if adapts else parent


def arm_adapter(
    run: StageRun, parent: Artifact, base: Artifact, shapes: Mapping[str, torch.Size]
) -> ArmAdapter:
    """The adapter as the parent left it, or a new one.

    Args:
        run: Where.
        parent: The policy that is updated.
        base: From `arm_base`.
        shapes: What the declared adapter has.
    """
    if parent.record(PolicyCheckpoint).adapter_files:
        path = parent.local_path(ADAPTER_WEIGHTS)
        return ArmAdapter(base, load_adapter(path, shapes, base.digest))
    return ArmAdapter(base, new_adapter(shapes, run.arm.seed))
