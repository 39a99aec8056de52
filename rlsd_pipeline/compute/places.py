"""The place of computation that an experiment declares."""

import torch

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.compute.compute import Compute
from rlsd_pipeline.compute.local import LocalWork
from rlsd_pipeline.compute.ray_crew import Crew
from rlsd_pipeline.compute.ray_work import RayWork
from rlsd_pipeline.config.compute import ComputeConfig
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.models.pool import PolicyPool


def build_compute(config: ComputeConfig, pool: PolicyPool, store: ArtifactStore) -> Compute:
    """Where sampling, scoring and evaluation run; nothing is started before it is needed.

    Args:
        config: What is declared.
        pool: Policies in the memory of this process.
        store: Where the workers of a cluster find them.
    """
    if isinstance(config, RayCompute):
        threads = config.threads or torch.get_num_threads()
        return RayWork(Crew(config, store.url, threads), config.max_retries)
    return LocalWork(pool)
