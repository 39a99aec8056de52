"""What an experiment's compute says of itself, and where it leaves the policies of this process."""

import pytest
import torch

from rlsd_pipeline.compute.build import build_pool, computes_here
from rlsd_pipeline.config.compute import ComputeConfig, LocalCompute, TorchrunCompute
from rlsd_pipeline.config.kuberay import KubeRay
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ConfigError

NODES = TorchrunCompute(
    nodes=2,
    processes_per_node=4,
    rendezvous="first:29500",
    launch_prefix=("srun",),
    shared_folder="/shared",
)


@pytest.mark.parametrize(
    ("compute", "sharded", "ranks", "copies"),
    [
        (LocalCompute(processes=2), False, 1, 1),
        (NODES, True, 8, 1),
        (RayCompute(workers=3), True, 3, 3),
        (RayCompute(workers=3, update_workers=2), True, 2, 3),
    ],
)
def test_how_many_processes_train_and_how_many_sample(
    compute: ComputeConfig, sharded: bool, ranks: int, copies: int
) -> None:
    assert (compute.sharded, compute.ranks, compute.copies) == (sharded, ranks, copies)


def test_only_a_cluster_of_the_run_is_made_for_it() -> None:
    kuberay = KubeRay(cluster="cluster.yaml")
    assert RayCompute(kuberay=kuberay).run_cluster == kuberay
    assert [each.run_cluster for each in (LocalCompute(), NODES, RayCompute())] == [None] * 3


def test_devices_elsewhere_are_not_counted_here() -> None:
    assert all(computes_here(each) for each in (LocalCompute(), NODES, RayCompute()))
    assert not computes_here(RayCompute(kuberay=KubeRay(cluster="cluster.yaml")))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what is to be missing")
def test_a_device_that_only_workers_have_is_not_asked_of_this_process() -> None:
    build_pool(RayCompute(gpus_per_worker=1.0))
    with pytest.raises(ConfigError, match="torch finds no CUDA device"):
        build_pool(LocalCompute(device="cuda"))
