"""A worker and a process of the update on one GPU: Ray counts shares, whatever is behind them."""

import subprocess
import sys
from pathlib import Path

import pytest

from rlsd_pipeline.config.ray import RayCompute

SCRIPT = """
import ray
from rlsd_pipeline.compute.ray_worker_pool import WorkerPool
from rlsd_pipeline.config.ray import RayCompute

class Counted(RayCompute):
    device = property(lambda self: "cpu")

config = Counted(workers=2, gpus_per_worker=0.6, update_gpus_per_worker=0.4, cpus_per_worker=1)
ray.init("local", num_cpus=4, num_gpus=2, object_store_memory=200 * 2**20, include_dashboard=False)
crew = WorkerPool(config, {store!r}, 1)

@ray.remote(num_cpus=1, num_gpus=config.update_gpus_per_worker)
class Process:
    def device(self):
        return ray.get_gpu_ids()

def update():
    crew.make_room(2)
    processes = [Process.remote() for _ in range(2)]
    devices = sorted(ray.get([each.device.remote() for each in processes], timeout=60))
    for each in processes:
        ray.kill(each)
    return devices, sorted(crew.places())

first = update()
second = update()
killed = second[1][0].partition(":")[2]
import os, signal
os.kill(int(killed), signal.SIGKILL)
third = update()
print("devices", first[0], second[0], third[0])
print("kept", first[1] == second[1], "replaced", killed not in str(third[1]), len(third[1]))
"""


def test_workers_stay_while_the_policy_is_trained(tmp_path: Path) -> None:
    """Each process has a GPU of its own beside a worker, and no worker is started again."""
    script = SCRIPT.replace("{store!r}", repr(str(tmp_path)))
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=240, check=False
    )
    assert found.returncode == 0, found.stderr[-3000:]
    lines = found.stdout.splitlines()
    assert "devices [[0], [1]] [[0], [1]] [[0], [1]]" in lines
    assert "kept True replaced True 2" in lines


def test_shares_that_do_not_fit() -> None:
    fits = RayCompute(workers=2, gpus_per_worker=0.6, update_gpus_per_worker=0.4)
    assert (fits.device, RayCompute().device) == ("cuda", "cpu")
    with pytest.raises(ValueError, match=r"must be above 0.5 and both together at most 1"):
        RayCompute(workers=2, gpus_per_worker=0.7, update_gpus_per_worker=0.4)
    with pytest.raises(ValueError, match=r"must be above 0.5"):
        RayCompute(workers=2, gpus_per_worker=0.5, update_gpus_per_worker=0.4)
    with pytest.raises(ValueError, match="update_workers is 3 and there are 2 workers"):
        RayCompute(workers=2, update_workers=3, gpus_per_worker=0.6, update_gpus_per_worker=0.4)
