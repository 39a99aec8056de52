"""A process that fails ends the update with its own traceback, and nobody is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.compute.launcher import SubprocessLauncher
from rlsd_pipeline.compute.torchrun import Torchrun
from rlsd_pipeline.config.compute import TorchrunCompute
from rlsd_pipeline.errors import ComputeError
from rlsd_pipeline.progress import Silent

RUN = """
import sys
from pathlib import Path
from tests.distributed.test_failure import torchrun
from rlsd_pipeline.progress import Silent
torchrun().train(Path(sys.argv[1]), Silent())
"""


class Breaking(SubprocessLauncher):
    worker = "tests.distributed.breaking"


def torchrun() -> Torchrun:
    return Torchrun(TorchrunCompute(processes_per_node=2, device="cpu", threads=1), Breaking())


def alive(folder: Path) -> list[int]:
    """The processes of a job that still run."""
    return [
        pid
        for pid in (int(path.read_text()) for path in folder.glob("pid-*"))
        if Path(f"/proc/{pid}").exists()
    ]


def eventually(condition: Callable[[], bool], seconds: float = 90.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.2)
    return condition()


@pytest.mark.parametrize("rank", [0, 1])
def test_the_traceback_is_that_of_the_process_that_failed(tmp_path: Path, rank: int) -> None:
    (tmp_path / "what").write_text(f"raise {rank}")
    with pytest.raises(ComputeError) as failure:
        torchrun().train(tmp_path, Silent())
    message = str(failure.value)
    assert message.startswith(f"process {rank} of the update failed:")
    assert "in a_broken_step" in message
    assert "RuntimeError: no such luck" in message
    assert alive(tmp_path) == []


def test_a_killed_process_is_named_with_its_signal(tmp_path: Path) -> None:
    (tmp_path / "what").write_text("die 1")
    with pytest.raises(ComputeError, match="process 1 of the update was killed by SIGKILL"):
        torchrun().train(tmp_path, Silent())
    assert alive(tmp_path) == []


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_its_parent(tmp_path: Path, stop: signal.Signals) -> None:
    (tmp_path / "what").write_text("wait 0")
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        assert eventually(lambda: len(alive(tmp_path)) == 2)
        process.send_signal(stop)
        assert process.wait(90) != 0
    assert eventually(lambda: alive(tmp_path) == [])
