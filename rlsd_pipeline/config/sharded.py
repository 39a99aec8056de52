"""What holds of an update by several processes, whoever starts them."""

from typing import Literal

from rlsd_pipeline.config.strict import StrictConfig


class ShardedUpdate(StrictConfig):
    """What holds of an update whose parameters are divided among processes by FSDP2."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the computation. Weights, optimizer and the sum of gradients are float32 in either."""

    activation_checkpointing: bool = False
    """Compute each layer again in the backward pass, and keep only what goes into it."""

    shared_folder: str | None = None
    """A folder that all nodes see, for what the processes read and write; None takes one of the
    artifact store's, or of its cache."""
