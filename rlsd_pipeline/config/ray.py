"""Settings of a Ray cluster: its address, and the resources of a worker."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, JsonValue, model_validator

from rlsd_pipeline.config.kuberay import KubeRay
from rlsd_pipeline.config.place import Device, ShardedUpdate
from rlsd_pipeline.errors import ConfigError


class RayCompute(ShardedUpdate):
    """Sampling, scoring and evaluation in shards on a Ray cluster, the update by Ray Train."""

    type: Literal["ray"] = "ray"

    address: str | None = None
    """`auto` for the cluster of this machine, `HOST:6379`, or `ray://HOST:10001` from outside. Null
    starts a cluster on this machine, reachable from it only, for the life of the process. Workers
    elsewhere must reach the artifact store under the same URL."""

    kuberay: KubeRay | None = None
    """In place of `address`: a cluster for each Dagster run, which is itself a pod."""

    workers: Annotated[int, Field(ge=1)] = 2
    """Processes with a policy each."""

    cpus_per_worker: Annotated[float, Field(ge=0)] = 1.0
    """CPUs of a worker."""

    gpus_per_worker: Annotated[float, Field(ge=0)] = 0.0
    """GPUs of a worker; more than 0 puts its policies on CUDA."""

    update_gpus_per_worker: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    """GPU share of each process of the update. If a worker and a process fit on one GPU, the worker
    keeps its running vLLM and its memory. Null takes `gpus_per_worker`: the workers give way, and
    vLLM starts again."""

    max_retries: Annotated[int, Field(ge=0)] = 3
    """How often a shard's worker may die before the stage fails."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads of a worker; null takes those of the driving process, so that numbers agree."""

    object_store_mb: Annotated[int, Field(ge=80)] | None = None
    """Shared memory of a cluster started here, in megabytes, for shards in transit. Null takes
    1024."""

    dashboard: bool = False
    """Serve the dashboard of a cluster started here, on http://127.0.0.1:8265."""

    runtime_env: dict[str, JsonValue] = Field(default={})
    """Environment of the workers of a given cluster beside their image: `{env_vars: {...}, pip:
    [...]}`."""

    update_workers: Annotated[int, Field(ge=1)] | None = None
    """Processes of the update; null takes as many as `workers`. One process gives the
    single-process result to the last bit; several add gradients in another order."""

    timeout_minutes: Annotated[float, Field(gt=0)] = 30.0
    """How long a process of the update waits for the others."""

    processes: ClassVar[int] = 1
    """Arms train one after the other: each takes all workers."""

    @model_validator(mode="after")
    def _one_worker_and_one_process_fit_on_a_gpu(self) -> "RayCompute":
        share = self.update_gpus_per_worker
        if share is None:
            return self
        if not (self.gpus_per_worker > 0.5 and self.gpus_per_worker + share <= 1):
            raise ValueError(
                f"update_gpus_per_worker is {share:g} and gpus_per_worker "
                f"{self.gpus_per_worker:g}: for a worker and a process of the update to share a "
                "GPU, and no two of a kind, gpus_per_worker must be above 0.5 and both together "
                "at most 1, such as 0.6 and 0.4"
            )
        if self.ranks > self.workers:
            raise ValueError(
                f"update_workers is {self.ranks} and there are {self.workers} workers to share a "
                "GPU with: lower it, or drop update_gpus_per_worker"
            )
        return self

    @model_validator(mode="after")
    def _one_place(self) -> "RayCompute":
        if self.address is not None and self.kuberay is not None:
            raise ValueError(
                f"{self.address} is a cluster that runs already, and `kuberay` makes one for each "
                "run: drop `address` or `kuberay`"
            )
        return self

    @model_validator(mode="after")
    def _a_cluster_elsewhere_has_its_own_store(self) -> "RayCompute":
        started = {"object_store_mb": self.object_store_mb, "dashboard": self.dashboard}
        given = [name for name, value in started.items() if value]
        if self.address is not None and given:
            raise ValueError(
                f"{' and '.join(given)} would shape a cluster that is started here, and "
                f"{self.address} runs already: drop them, or drop `address`"
            )
        if self.kuberay is not None and given:
            raise ValueError(
                f"{' and '.join(given)} would shape a cluster that is started here, and "
                f"{self.kuberay.cluster} describes one elsewhere: say it there, in rayStartParams"
            )
        return self

    def located(self, folder: Path) -> Self:
        """The same, with the manifest's path resolved against a folder.

        Raises:
            ConfigError: The manifest is invalid, or its cluster has too few GPUs.
        """
        if self.kuberay is None:
            return self
        kuberay = self.kuberay.located(folder)
        found = kuberay.gpus()
        if self.gpus > found:
            raise ConfigError(
                f"{self.workers} workers of {self.gpu_share:g} GPUs need {self.gpus:g}, and the "
                f"cluster of {kuberay.cluster} has {found}: lower compute.workers or "
                "gpus_per_worker, or raise its replicas"
            )
        return self.model_copy(update={"kuberay": kuberay})

    @property
    def gpu_share(self) -> float:
        """GPUs of a worker, with the share beside it for a process of the update."""
        return self.gpus_per_worker + (self.update_gpus_per_worker or 0)

    @property
    def gpus(self) -> float:
        """GPUs that all workers take."""
        return self.workers * self.gpu_share

    @property
    def device(self) -> Device:
        """The device of a worker's policies."""
        return "cuda" if self.gpus_per_worker > 0 else "cpu"

    @property
    def ranks(self) -> int:
        """Processes of the update."""
        return self.update_workers or self.workers

    @property
    def copies(self) -> int:
        """See `Place`."""
        return self.workers

    @property
    def run_cluster(self) -> KubeRay | None:
        """See `Place`."""
        return self.kuberay
