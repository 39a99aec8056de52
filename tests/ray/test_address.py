"""A cluster that runs already, given by its address."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.processes.machine import free_port
from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.ray_cluster import connect
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ComputeError
from rlsd_pipeline.stages.workspace import Workspace
from tests.ray.head import start_head


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One node on loopback with two CPUs."""
    port = free_port()
    options = {
        "port": str(port),
        "num-cpus": "2",
        "include-dashboard": "false",
        "object-store-memory": str(200 * 2**20),
    }
    log = tmp_path_factory.mktemp("head") / "log"
    node = start_head(options, {}, log)
    try:
        deadline = time.monotonic() + 120
        while "Ray runtime started" not in log.read_text():
            assert node.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
    finally:
        node.terminate()
        node.wait(30)


def test_a_given_cluster_gives_what_one_process_gives(
    address: str,
    alone: dict[tuple[int, str], str],
    workspace_on: Callable[..., Workspace],
    run_all: Callable[..., dict[tuple[int, str], Artifact]],
    tmp_path: Path,
) -> None:
    given = {"type": "ray", "workers": 2, "address": address, "update_workers": 1}
    made = run_all(workspace_on(tmp_path, given), iterations=1)
    expected = {key: alone[key] for key in made if key in alone}
    assert len(expected) == 7
    assert {key: made[key].digest for key in expected} == expected


def test_no_cluster_at_the_address() -> None:
    import ray

    ray.shutdown()
    with pytest.raises(ComputeError, match=r"no Ray cluster at compute.address '127.0.0.1:9'"):
        connect(RayCompute(address="127.0.0.1:9"))
