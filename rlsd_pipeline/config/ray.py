"""A Ray cluster: where it is, and what one worker of it takes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from rlsd_pipeline.config.strict import StrictConfig


class RayUpdate(StrictConfig):
    """The update through Ray Train, sharded over its workers by FSDP2."""

    workers: Annotated[int, Field(ge=1)] | None = None
    """None takes as many as sample and score. One gives the result of a single process to the last
    bit; several add the gradients in another order."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the computation. Weights, optimizer and the sum of gradients are float32 in either."""

    activation_checkpointing: bool = False
    """Compute each layer again in the backward pass, and keep only what goes into it."""

    shared_folder: str | None = None
    """A folder that all nodes see, for what the workers read and write. A cluster of several nodes
    needs it."""

    timeout_minutes: Annotated[float, Field(gt=0)] = 30.0
    """How long a worker waits for the others before it gives up."""


class RayCompute(StrictConfig):
    """Sampling, scoring and evaluation in shards on the workers of a Ray cluster."""

    type: Literal["ray"] = "ray"

    address: str | None = None
    """`auto` for the cluster that this machine is a node of, or `HOST:6379`, or `ray://HOST:10001`
    from outside. None starts one on this machine, reachable from it only, for the life of the
    process. Workers elsewhere must reach the artifact store under the same URL."""

    workers: Annotated[int, Field(ge=1)] = 2
    """Processes with a policy each."""

    cpus_per_worker: Annotated[float, Field(ge=0)] = 1.0

    gpus_per_worker: Annotated[float, Field(ge=0)] = 0.0

    max_retries: Annotated[int, Field(ge=0)] = 3
    """How often one shard may take its worker down before the stage fails."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads of a worker; None takes those of the process that asks, so that numbers agree."""

    object_store_mb: Annotated[int, Field(ge=80)] = 1024
    """Shared memory of a cluster started here, in megabytes; it holds shards on their way."""

    dashboard: bool = False
    """Serve the dashboard of a cluster started here, on http://127.0.0.1:8265."""

    runtime_env: dict[str, JsonValue] = Field(default={})
    """What workers of a given cluster need beside their image: `{env_vars: {...}, pip: [...]}`."""

    update: RayUpdate = RayUpdate()

    processes: ClassVar[int] = 1
    """Arms train one after the other: each takes all workers."""

    @model_validator(mode="after")
    def _an_address_has_its_own_store(self) -> "RayCompute":
        given = {"object_store_mb", "dashboard"} & self.model_fields_set
        if self.address is not None and given:
            raise ValueError(
                f"{', '.join(sorted(given))} belong to a cluster that is started here, and "
                f"{self.address} runs already: drop them, or drop `address`"
            )
        return self

    @property
    def update_workers(self) -> int:
        """Workers of an update."""
        return self.update.workers or self.workers
