"""The settings that several places of computation have."""

from pathlib import Path
from typing import ClassVar, Literal, Self

from rlsd_pipeline.config.kuberay import KubeRay
from rlsd_pipeline.config.precision import Precision
from rlsd_pipeline.config.strict import StrictConfig

Device = Literal["auto", "cuda", "cpu"]
"""The device of a policy; `auto` is CUDA where torch finds one."""


class Place(StrictConfig):
    """A place of computation; the defaults describe a single process."""

    sharded: ClassVar[bool] = False
    """Whether several processes divide a policy's parameters in training."""

    @property
    def ranks(self) -> int:
        """Processes of the update."""
        return 1

    @property
    def copies(self) -> int:
        """Processes that sample and score, each with a policy and an engine of its own."""
        return 1

    @property
    def run_cluster(self) -> KubeRay | None:
        """A cluster that is made for each Dagster run."""
        return None

    def located(self, folder: Path) -> Self:
        """The same, with relative paths resolved against a folder."""
        return self


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
