"""The place where the heavy work of a stage runs."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from rlsd_pipeline.config.place import Device, Place, ShardedUpdate
from rlsd_pipeline.config.ray import RayCompute


class LocalCompute(Place):
    """All work in the process that runs the stage."""

    type: Literal["local"] = "local"

    device: Device = "auto"
    """The device of sampling, scoring and training: `auto` is CUDA if torch finds it."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads of one process; null leaves it to torch. A tiny model is faster with one."""

    processes: Annotated[int, Field(ge=1)] = 1
    """Arms that `rlsd train` trains at the same time, each in a process of its own."""


class TorchrunCompute(ShardedUpdate):
    """The update on several devices, with one process each, started by `torchrun`."""

    type: Literal["torchrun"] = "torchrun"

    nodes: Annotated[int, Field(ge=1)] = 1
    """Machines."""

    processes_per_node: Annotated[int, Field(ge=1)] = 1
    """Processes of one node: one for each GPU; processes on the CPU share its cores."""

    device: Device = "auto"
    """The device of every process, and of sampling and scoring in this process: `auto` is CUDA if
    torch finds it. CUDA communicates by NCCL, the CPU by gloo."""

    rendezvous: str | None = None
    """`HOST:PORT` of the first node, where the nodes find one another."""

    launch_prefix: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Command prefix that starts a command on every node, such as `[srun, --ntasks-per-node=1]`."""

    timeout_minutes: Annotated[float, Field(gt=0)] = 30.0
    """How long a process waits for the others."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads of one process; null divides the cores among the processes of a node."""

    processes: ClassVar[int] = 1
    """Arms train one after the other: each takes all devices."""

    @property
    def ranks(self) -> int:
        """Processes of the update, on all nodes."""
        return self.nodes * self.processes_per_node

    @model_validator(mode="after")
    def _nodes_find_one_another(self) -> "TorchrunCompute":
        missing = {
            "rendezvous": self.rendezvous,
            "launch_prefix": self.launch_prefix,
            "shared_folder": self.shared_folder,
        }
        absent = [name for name, value in missing.items() if not value]
        if self.nodes > 1 and absent:
            raise ValueError(
                f"{self.nodes} nodes also need {', '.join(absent)}: say where they meet, what "
                "starts a command on each of them, and which folder they all see"
            )
        return self


ComputeConfig = Annotated[LocalCompute | TorchrunCompute | RayCompute, Field(discriminator="type")]
