"""Settings of retention: which files of a training garbage collection keeps."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class CheckpointRetention(StrictConfig):
    """Whose weights are kept.

    The base, the newest, what a coming iteration's teacher is and what is due to be evaluated are
    kept whatever is declared.
    """

    every: Annotated[int, Field(ge=1)] = 1
    """Policies after a multiple of this many updates; 1 keeps all."""


class RetentionConfig(StrictConfig):
    """What is left of an arm; nothing is deleted but by `rlsd gc`, unless `in_training` says so.

    Tables, scores and manifests are always kept, and what is deleted can be computed again.
    """

    optimizer: Literal["newest", "all"] = "newest"
    """Optimizer states: training goes on from the newest policy and reads no other's."""

    checkpoints: CheckpointRetention = CheckpointRetention()

    in_training: Annotated[int, Field(ge=1)] | None = None
    """Apply it to the arm that is trained, after a multiple of this many updates; None leaves it to
    `rlsd gc`. A large model's checkpoints of a few iterations fill a disk, and listing a store
    takes a while: 1 suits a disk of this machine, 5 an object store."""
