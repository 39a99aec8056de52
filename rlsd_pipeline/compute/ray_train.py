"""The processes of an update, started by Ray Train."""

import logging
import socket
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlsd_pipeline.compute.job import JOB, read_job
from rlsd_pipeline.compute.progress_file import ProgressFile, followed
from rlsd_pipeline.compute.ray_worker_pool import WorkerPool
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ComputeError, RlsdError
from rlsd_pipeline.progress import Progress, Silent

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class RayTrain:
    """See `TrainingProcesses`.

    Attributes:
        config: How many processes, and of what size.
        crew: Workers that give way if the cluster has no room for both.
    """

    config: RayCompute
    crew: WorkerPool

    def train(self, folder: Path, progress: Progress) -> None:
        """See `TrainingProcesses`; begins again where a process died: only the result counts."""
        ray = self.crew.make_room(self.config.ranks)
        # In a task, since Ray Train does not run in a process that is a client of the cluster.
        fit = ray.remote(num_cpus=0, max_retries=0)(_fit)
        for attempt in range(self.config.max_retries + 1):
            with followed(folder, progress):
                running = fit.remote(self.config, str(folder), self.crew.threads)
                try:
                    failed: _Failed = ray.get(running)
                except BaseException:
                    ray.cancel(running)
                    raise
            if not failed.by_rank:
                return
            _raise_own(failed)
            _LOG.warning(
                "a process of the update died (%d of %d): %s",
                attempt + 1,
                self.config.max_retries + 1,
                failed.text,
            )
        raise ComputeError(
            f"the update lost a process {self.config.max_retries + 1} times; perhaps memory is "
            f"short: lower update.micro_batch_tokens. The last time:\n{failed.text}"
        )


@dataclass(frozen=True)
class _Failed:
    """The failure that ended an update.

    Attributes:
        by_rank: The error of each process that has one.
        text: The same as Ray Train prints it, with the traceback of each.
    """

    by_rank: Mapping[int, Exception]
    text: str


def _raise_own(failed: _Failed) -> None:
    """Raise an error of the update itself, which would come again."""
    for rank, error in sorted(failed.by_rank.items()):
        if isinstance(error, RlsdError):
            error.add_note(f"process {rank} of the update:\n{failed.text}")
            raise error
    if any(map(_is_of_ray, failed.by_rank.values())):
        return
    for rank, error in sorted(failed.by_rank.items()):
        if not _lost_another(error):
            raise ComputeError(f"process {rank} of the update failed:\n{failed.text}")


def _is_of_ray(error: Exception) -> bool:
    """Whether a process is gone: only then Ray has an error of its own for it."""
    return type(error).__module__.partition(".")[0] == "ray"


def _lost_another(error: Exception) -> bool:
    """Whether a process failed since another one was gone."""
    text = str(error)
    return any(sign in text for sign in ("Connection closed by peer", "Connection reset by peer"))


def _fit(config: RayCompute, folder: str, threads: int) -> _Failed:
    """Train; what failed is empty where all went well."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer
    from ray.train.v2.api.exceptions import WorkerGroupError

    on_gpus = config.gpus_per_worker > 0
    trainer = TorchTrainer(
        _loop,
        train_loop_config={"folder": folder, "threads": threads},
        torch_config=TorchConfig(
            backend="nccl" if on_gpus else "gloo", timeout_s=int(60 * config.timeout_minutes)
        ),
        scaling_config=ScalingConfig(
            num_workers=config.ranks,
            use_gpu=on_gpus,
            resources_per_worker={
                "CPU": config.cpus_per_worker,
                "GPU": config.update_gpus_per_worker or config.gpus_per_worker,
            },
        ),
        run_config=RunConfig(
            name="update",
            storage_path=str(Path(folder) / "ray"),
            failure_config=FailureConfig(max_failures=0),
        ),
    )
    try:
        trainer.fit()
    except WorkerGroupError as error:
        return _Failed(error.worker_failures, str(error))
    return _Failed({}, "")


def _loop(settings: dict[str, Any]) -> None:
    """One process of the update, in the group that Ray Train has made."""
    import torch
    import torch.distributed as dist

    from rlsd_pipeline.compute.distributed_update import train_rank
    from rlsd_pipeline.compute.lone_update import train_alone

    folder = Path(settings["folder"])
    if not (folder / JOB).exists():
        raise ComputeError(
            f"{socket.gethostname()} does not see {folder}, where the update is described: set "
            "compute.shared_folder to a folder that all nodes see"
        )
    torch.set_num_threads(settings["threads"])
    on_cpu = dist.get_backend() == dist.Backend.GLOO
    if not on_cpu:
        from ray.train.torch import get_device

        torch.cuda.set_device(get_device())
    opened = ProgressFile(folder) if dist.get_rank() == 0 else nullcontext(Silent())
    alone = on_cpu and dist.get_world_size() == 1 and read_job(folder).precision == "float32"
    with opened as report:
        (train_alone if alone else train_rank)(folder, report)
