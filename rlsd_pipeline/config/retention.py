"""Settings of retention: which files of a training garbage collection keeps."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class CheckpointRetention(StrictConfig):
    """Policies whose weights are kept.

    The base, the newest policy, the teacher of a coming iteration and policies due for evaluation
    are always kept.
    """

    every: Annotated[int, Field(ge=1)] = 1
    """Keep the policies after every this many updates; 1 keeps all."""


class RetentionConfig(StrictConfig):
    """What is kept of an arm; only `rlsd gc` deletes files, unless `in_training` is set.

    Tables, scores and manifests are always kept, and deleted files can be computed again.
    """

    optimizer: Literal["newest", "all"] = "newest"
    """Optimizer states that are kept; training continues from the newest policy and reads only its
    state."""

    checkpoints: CheckpointRetention = CheckpointRetention()

    in_training: Annotated[int, Field(ge=1)] | None = None
    """Apply it to the arm in training as well, after every this many updates; null leaves it to
    `rlsd gc`. A few checkpoints of a large model fill a disk, but listing a store takes time: 1
    suits a local disk, 5 an object store."""
