import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rlsd_pipeline.compute.torchrun import Torchrun
from rlsd_pipeline.config.compute import TorchrunCompute
from rlsd_pipeline.errors import ComputeError, TrainingError
from rlsd_pipeline.progress import Silent


class Noting:
    """Launches nothing; prints what it is told to, and ends with a code."""

    worker = "a.worker"

    def __init__(self, code: int = 0, printed: str = "") -> None:
        self.code, self.printed = code, printed
        self.command: list[str] = []
        self.environment: dict[str, str] = {}

    def launch(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        self.command, self.environment = list(command), dict(environment)
        (folder / "logs").mkdir()
        (folder / "logs" / "host-1.log").write_text(self.printed)
        return self.code


def test_one_node(tmp_path: Path) -> None:
    launcher = Noting()
    config = TorchrunCompute(processes_per_node=8, timeout_minutes=0.5, threads=3)
    Torchrun(config, launcher).train(tmp_path, Silent())
    assert launcher.command == [
        sys.executable,
        *("-m", "rlsd_pipeline.compute.agent", str(tmp_path)),
        "--standalone",
        "--nproc-per-node=8",
        "--max-restarts=0",
        *("-m", "a.worker", str(tmp_path), "auto", "30.0"),
    ]
    assert launcher.environment["OMP_NUM_THREADS"] == "3"


def test_several_nodes(tmp_path: Path) -> None:
    launcher = Noting()
    config = TorchrunCompute(
        nodes=4,
        processes_per_node=8,
        rendezvous="first:29500",
        launch_prefix=("srun", "--ntasks-per-node=1"),
        shared_folder=str(tmp_path),
    )
    Torchrun(config, launcher).train(tmp_path, Silent())
    assert launcher.command[:3] == ["srun", "--ntasks-per-node=1", sys.executable]
    nodes = [part for part in launcher.command if part.startswith(("--nnodes", "--rdzv"))]
    assert nodes[:3] == ["--nnodes=4", "--rdzv-backend=c10d", "--rdzv-endpoint=first:29500"]


def test_an_error_of_the_update_itself_comes_with_its_message_alone(tmp_path: Path) -> None:
    class Failing(Noting):
        def launch(
            self, command: Sequence[str], environment: Mapping[str, str], folder: Path
        ) -> int:
            super().launch(command, environment, folder)
            message = {
                "message": "TrainingError: step 3: loss is nan: lower the rate",
                "extraInfo": {"py_callstack": "Traceback (most recent call last): ..."},
            }
            seen = {"rank": 1, "timestamp": 0, "exit_code": 1, "signal": "", "message": message}
            (folder / "logs" / "failure-host.json").write_text(json.dumps(seen))
            return 1

    with pytest.raises(TrainingError) as failure:
        Torchrun(TorchrunCompute(), Failing()).train(tmp_path, Silent())
    assert str(failure.value) == "step 3: loss is nan: lower the rate"


def test_a_failure_without_traceback_shows_the_end_of_the_output(tmp_path: Path) -> None:
    launcher = Noting(3, "\n".join(f"line {number}" for number in range(100)))
    with pytest.raises(ComputeError, match=r"ended with code 3") as failure:
        Torchrun(TorchrunCompute(), launcher).train(tmp_path, Silent())
    assert str(failure.value).endswith("line 98\nline 99")
    assert "line 69\n" not in str(failure.value)
