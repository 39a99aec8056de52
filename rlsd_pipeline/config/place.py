"""The settings that every place of computation has."""

from pathlib import Path
from typing import ClassVar, Self

from rlsd_pipeline.config.kuberay import KubeRay
from rlsd_pipeline.config.strict import StrictConfig


class Place(StrictConfig):
    """A place of computation; what is not said otherwise holds of one process."""

    sharded: ClassVar[bool] = False
    """Whether several processes divide a policy's parameters where it is trained."""

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
