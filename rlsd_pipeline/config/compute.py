"""Where the heavy work of a stage runs."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig


class LocalCompute(StrictConfig):
    """Everything in the process that runs the stage."""

    type: Literal["local"] = "local"

    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads of one process; None leaves it to torch. A tiny model is faster with one."""

    processes: Annotated[int, Field(ge=1)] = 1
    """Arms that `rlsd train` trains at the same time, each in a process of its own."""


ComputeConfig = LocalCompute
