"""Settings of an update by several processes, by torchrun or by Ray Train."""

from typing import ClassVar

from rlsd_pipeline.config.place import Place
from rlsd_pipeline.config.precision import Precision


class ShardedUpdate(Place):
    """Settings of an update whose parameters FSDP2 divides among processes."""

    sharded: ClassVar[bool] = True

    precision: Precision = "float32"
    """Precision of the update's passes and of scoring, which must round alike. Weights, optimizer
    and the sum of gradients are always float32."""

    activation_checkpointing: bool = False
    """Compute each layer again in the backward pass, and keep only its input."""

    shared_folder: str | None = None
    """A folder that all nodes see, for the files of the processes; null takes a folder of the
    artifact store, or of its cache."""
