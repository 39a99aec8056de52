"""Builds the declared place of computation: this process, torchrun or a Ray cluster."""

from functools import partial

import torch

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.compute.compute import Compute
from rlsd_pipeline.compute.in_process import InProcess
from rlsd_pipeline.compute.local import LocalWork
from rlsd_pipeline.compute.multi_process_update import MultiProcessUpdate
from rlsd_pipeline.compute.ray_cluster import connect
from rlsd_pipeline.compute.ray_train import RayTrain
from rlsd_pipeline.compute.ray_work import RayWork
from rlsd_pipeline.compute.ray_worker_pool import WorkerPool
from rlsd_pipeline.compute.torchrun import Torchrun
from rlsd_pipeline.config.compute import ComputeConfig, LocalCompute, TorchrunCompute
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.models.pool import PolicyPool


def build_compute(config: ComputeConfig, pool: PolicyPool, store: ArtifactStore) -> Compute:
    """The declared place of computation; nothing is started before it is needed.

    Args:
        config: What is declared.
        pool: Policies in the memory of this process; see `build_pool`.
        store: Where the workers of a cluster find them.
    """
    match config:
        case LocalCompute():
            return LocalWork(pool, InProcess(pool))
        case TorchrunCompute():
            return LocalWork(pool, MultiProcessUpdate(config, pool, partial(Torchrun, config)))
        case RayCompute():
            crew = WorkerPool(config, store.url, config.threads or torch.get_num_threads())
            update = MultiProcessUpdate(config, pool, lambda _: RayTrain(config, crew))
            return RayWork(crew, update, config.max_retries)


def build_pool(config: ComputeConfig) -> PolicyPool:
    """The policies in the memory of this process, which on a cluster compute nothing.

    Raises:
        ConfigError: There is no such device.
    """
    device = "cpu" if isinstance(config, RayCompute) else config.device
    return PolicyPool(threads=config.threads, device=device)


def computes_here(config: ComputeConfig) -> bool:
    """Whether the devices are those of this machine; a cluster that runs elsewhere must answer.

    Raises:
        ConfigError: Ray is missing.
        ComputeError: There is no cluster at the address.
    """
    if not isinstance(config, RayCompute):
        return True
    if config.address is not None:
        connect(config)
    return config.address is None and config.kuberay is None
