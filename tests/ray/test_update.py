"""The update through Ray Train."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
from safetensors.torch import load_file

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.ray_train import RayTrain, _Failed, _raise_own
from rlsd_pipeline.compute.ray_work import RayWork
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.errors import ComputeError
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint

ARM = "rlsd-s0"
# Some seconds, so that a process can be killed meanwhile.
LONG = {"learning_rate": 1e-4, "micro_batch_tokens": 400, "epochs": 40}
LOCAL = {"type": "local"}

Open = Callable[..., Workspace]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("update")


@pytest.fixture(scope="module")
def alone(
    store: Path, workspace_on: Open, prepare: Callable[[Workspace], None]
) -> Callable[..., Artifact]:
    """The update of one process; keywords change what is declared."""

    def alone(**changes: Any) -> Artifact:
        workspace = workspace_on(store, LOCAL, **changes)
        prepare(workspace)
        return workspace.at(ARM, 0, recompute=True).make(PolicyCheckpointStage)

    return alone


def on_ray(workspace_on: Open, store: Path, workers: int, **changes: Any) -> Workspace:
    compute = {"type": "ray", "update_workers": workers, "object_store_mb": 200}
    return workspace_on(store, compute, **changes)


def test_two_processes_update_as_one(
    store: Path, workspace_on: Open, alone: Callable[..., Artifact]
) -> None:
    one = alone()
    two = on_ray(workspace_on, store, 2).at(ARM, 0, recompute=True).make(PolicyCheckpointStage)
    expected, found = (each.record(PolicyCheckpoint).metrics for each in (one, two))
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-7)
    for name in ("model.safetensors", "optimizer.safetensors"):
        ours, theirs = load_file(one.local_path(name)), load_file(two.local_path(name))
        assert ours.keys() == theirs.keys()
        gap = max((ours[key] - theirs[key]).abs().max().item() for key in ours)
        assert gap < 1e-5, f"{name}: {gap}"


class KillRank(Silent):
    """Kills a process of the update once it has begun."""

    def __init__(self) -> None:
        self.killed: list[int] = []

    def advance(self, count: int) -> None:
        if self.killed:
            return
        for child in psutil.Process().children(recursive=True):
            if "TrainWorker" in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)
                self.killed.append(child.pid)


def test_an_update_that_loses_its_process_begins_again(
    store: Path,
    workspace_on: Open,
    alone: Callable[..., Artifact],
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = alone(update=LONG).digest
    workspace = on_ray(workspace_on, store, 1, update=LONG)
    killer = workspace.progress = KillRank()
    found = workspace.at(ARM, 0, recompute=True).make(PolicyCheckpointStage)
    assert len(killer.killed) == 1
    assert "a process of the update died (1 of 4)" in caplog.text
    assert found.digest == expected


def test_what_is_worth_another_attempt() -> None:
    mistake, gone = ValueError("no such layer"), ray.exceptions.RayError("the process died")
    lost = RuntimeError("[gloo] Connection closed by peer")
    with pytest.raises(ComputeError, match=r"(?s)process 1 of the update failed:.*the traceback"):
        _raise_own(_Failed({0: lost, 1: mistake}, "the traceback"))
    _raise_own(_Failed({0: lost, 1: gone}, "the traceback"))
    _raise_own(_Failed({0: mistake, 1: gone}, "the traceback"))
    _raise_own(_Failed({0: lost}, "the traceback"))


def test_a_folder_that_processes_do_not_see(
    store: Path, workspace_on: Open, tmp_path: Path
) -> None:
    workspace = on_ray(workspace_on, store, 1)
    config, place = workspace.experiment.compute, workspace.compute
    assert isinstance(config, RayCompute)
    assert isinstance(place, RayWork)
    with pytest.raises(ComputeError, match=r"does not see .*set compute.shared_folder") as raised:
        RayTrain(config, place.crew).train(tmp_path, Silent())
    (note,) = raised.value.__notes__
    assert note.startswith("process 0 of the update:")
    assert "in _loop" in note
