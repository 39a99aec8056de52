"""One process's workers of a Ray cluster, and which of them are free."""

import logging
from collections.abc import Sequence
from typing import Any

from rlsd_pipeline.compute.ray_cluster import connect
from rlsd_pipeline.compute.ray_worker import PieceWorker
from rlsd_pipeline.config.ray import RayCompute

_LOG = logging.getLogger(__name__)
_PATIENCE_SECONDS = 60.0

Worker = Any
"""An actor handle of a `PieceWorker`."""

Ref = Any
"""A Ray object reference."""


class WorkerPool:
    """Workers with a policy each, kept from stage to stage.

    Args:
        config: What a worker takes.
        store: URL of the artifact store.
        threads: CPU threads of a worker.

    Attributes:
        ray: The `ray` module, once it is connected.
        threads: As above.
    """

    def __init__(self, config: RayCompute, store: str, threads: int) -> None:
        self._config, self._store, self.threads = config, store, threads
        self._busy: dict[Ref, Worker] = {}
        self._free: list[Worker] = []
        self.ray: Any = None

    def muster(self, count: int) -> None:
        """Have as many workers as `count` pieces can use, free or not."""
        self.ray = connect(self._config)
        missing = min(count, self._config.workers) - len(self._free) - len(self._busy)
        for _ in range(missing):
            self._start()

    def places(self) -> list[str]:
        """The workers' processes as `host:pid`; waits until they are up."""
        workers = (*self._free, *self._busy.values())
        return self.ray.get([worker.place.remote() for worker in workers])

    def _start(self) -> None:
        options = {
            "num_cpus": self._config.cpus_per_worker,
            "num_gpus": self._config.gpus_per_worker,
            # A dead worker is replaced, and its piece goes to the first free one.
            "max_restarts": 0,
            "max_task_retries": 0,
        }
        made = self.ray.remote(PieceWorker).options(**options)
        worker = made.remote(self._store, self.threads, self._config.device)
        # Free once it is up.
        self._busy[worker.place.remote()] = worker

    def take(self) -> Worker | None:
        """A free worker, if there is one."""
        return self._free.pop() if self._free else None

    def send(self, worker: Worker, *arguments: Any) -> Ref:
        """Have a worker that was taken run a piece."""
        ref = worker.run.remote(*arguments)
        self._busy[ref] = worker
        return ref

    def wait(self) -> list[Ref]:
        """Wait for at least one piece of work that is done or has failed."""
        while True:
            done: Sequence[Ref]
            done, _ = self.ray.wait(list(self._busy), num_returns=1, timeout=_PATIENCE_SECONDS)
            if done:
                return list(done)
            _LOG.warning(
                "no worker of the Ray cluster has been heard of for %.0f s; one asks for %s CPUs "
                "and %s GPUs, and of the cluster's %s there are free: %s",
                _PATIENCE_SECONDS,
                self._config.cpus_per_worker,
                self._config.gpus_per_worker,
                self.ray.cluster_resources(),
                self.ray.available_resources(),
            )

    def free(self, ref: Ref) -> None:
        """A worker has done what it was sent."""
        self._free.append(self._busy.pop(ref))

    def replace(self, ref: Ref) -> None:
        """A worker is dead; another one is started in its place."""
        del self._busy[ref]
        self._start()

    def make_room(self, processes: int) -> Any:
        """Make room for the processes of the update; returns the connected `ray` module.

        Where a process shares a GPU with a worker, all workers are up first, so that no two
        processes are put on one. Otherwise workers that hold what is needed are given up, and
        started again when they are.
        """
        self.ray = connect(self._config)
        if self._config.update_gpus_per_worker is not None:
            self._make_way()
            return self.ray
        free = self.ray.available_resources()
        cpus = processes * self._config.cpus_per_worker
        gpus = processes * self._config.gpus_per_worker
        if free.get("CPU", 0) < cpus or free.get("GPU", 0) < gpus:
            self.dismiss()
        return self.ray

    def _make_way(self) -> None:
        """Have all workers up, with nothing on their devices but what their engines keep."""
        from ray.exceptions import RayError

        self.muster(self._config.workers)
        workers = (*self._free, *self._busy.values())
        try:
            self.ray.get([worker.leave_device.remote() for worker in workers])
        except RayError:
            # One has died, and two processes would be put on the device that it has left.
            self.dismiss()
            self.muster(self._config.workers)
            self.places()

    def dismiss(self) -> None:
        """Give up everything that the workers hold; the next piece starts new ones."""
        for worker in (*self._free, *self._busy.values()):
            self.ray.kill(worker)
        self.forget()

    def forget(self) -> None:
        """The cluster goes, and the workers with it; the next piece starts new ones."""
        self._free, self._busy = [], {}
