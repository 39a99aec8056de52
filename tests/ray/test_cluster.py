"""A cluster that is started here: two workers give what one process gives, whatever dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.ray_work import RayWork
from rlsd_pipeline.compute.ray_worker_pool import WorkerPool
from rlsd_pipeline.errors import ArtifactError, ComputeError, DataError
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.workspace import Workspace

ARM = "rlsd-s0"
LOCAL = {"type": "local"}
RAY = {"type": "ray", "workers": 2, "object_store_mb": 200, "update_workers": 1}

Open = Callable[..., Workspace]
Made = dict[tuple[int, str], Artifact]
Digests = dict[tuple[int, str], str]


def crew(workspace: Workspace) -> WorkerPool:
    assert isinstance(workspace.compute, RayWork)
    return workspace.compute.crew


def process(place: str) -> int:
    return int(place.rpartition(":")[2])


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory,
    workspace_on: Open,
    run_all: Callable[..., Made],
) -> tuple[Workspace, Made]:
    """Everything on two workers."""
    workspace = workspace_on(tmp_path_factory.mktemp("shared"), RAY)
    return workspace, run_all(workspace)


def test_two_workers_give_what_one_process_gives(
    shared: tuple[Workspace, Made], alone: Digests
) -> None:
    workspace, made = shared
    assert {key: artifact.digest for key, artifact in made.items()} == alone
    assert workspace.compute.recomputed == 0
    assert all("pieces_recomputed" not in a.manifest.measurements for a in made.values())


def test_both_workers_take_part(shared: tuple[Workspace, Made]) -> None:
    places = crew(shared[0]).places()
    assert len(set(places)) == 2
    assert os.getpid() not in map(process, places)


def test_a_cluster_started_here_answers_to_this_machine_only(
    shared: tuple[Workspace, Made],
) -> None:
    started = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for one in started
        for connection in one.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 4
    assert set(listening) == {"127.0.0.1"}


class KillOnce(Silent):
    """Kills a process as soon as the first piece is done."""

    def __init__(self, pid: int) -> None:
        self.pid: int | None = pid

    def advance(self, count: int) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            self.pid = None


def test_a_killed_worker_costs_its_shard_alone(
    shared: tuple[Workspace, Made], alone: Digests
) -> None:
    workspace, _ = shared
    before = crew(workspace).places()
    workspace.progress = KillOnce(process(before[0]))
    try:
        again = workspace.at(ARM, 0, recompute=True).make(RolloutsStage)
    finally:
        workspace.progress = Silent()
    assert again.digest == alone[0, "rollouts"]
    assert not again.cache_hit
    assert again.manifest.measurements["pieces_recomputed"] == 1
    after = crew(workspace).places()
    assert len(after) == 2
    assert before[1] in after
    assert before[0] not in after


def test_an_error_of_the_work_itself_is_raised_as_it_was(
    shared: tuple[Workspace, Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _ = shared
    recomputed = workspace.compute.recomputed
    (benchmark,) = workspace.experiment.evaluation.benchmarks
    strict = benchmark.model_copy(update={"name": "strict"})
    limited = workspace.experiment.sampling.model_copy(update={"max_prompt_tokens": 5})
    declared = workspace.experiment.model_copy(update={"sampling": limited})
    monkeypatch.setattr(workspace, "experiment", declared)
    with pytest.raises(DataError, match="max_prompt_tokens of the benchmark strict is 5") as raised:
        BenchmarkScoresStage(benchmark=strict).make(workspace.at(ARM, 0))
    assert type(raised.value) is DataError
    (note,) = raised.value.__notes__
    assert "in require_budget" in note
    assert workspace.compute.recomputed == recomputed


def test_a_piece_that_kills_every_worker_fails_the_stage(
    shared: tuple[Workspace, Made],
) -> None:
    from tests.ray.works import die

    workspace, made = shared
    fragile = RayWork(crew(workspace), workspace.compute.update, max_retries=1)
    done = fragile.each(made[0, "policy"], die, ["well", "well", "ill", "well"], lambda _: None)
    with pytest.raises(ComputeError, match="piece 3 of 4 has taken 2 workers down"):
        list(done)
    # The workers are as good as before.
    well = fragile.each(made[0, "policy"], die, ["well"] * 3, lambda _: None)
    assert list(well) == ["well"] * 3


def test_results_come_in_the_order_of_the_pieces(shared: tuple[Workspace, Made]) -> None:
    from tests.ray.works import wait

    workspace, made = shared
    told: list[int] = []
    seconds = [0.6, 0.0, 0.3, 0.0]
    assert list(workspace.compute.each(made[0, "policy"], wait, seconds, told.append)) == seconds
    # Told as they were done: the slowest was not the first.
    assert sorted(told) == [1, 1, 1, 1]
    assert list(workspace.compute.each(made[0, "policy"], wait, [], told.append)) == []


def test_a_store_that_workers_do_not_see(
    shared: tuple[Workspace, Made], workspace_on: Open
) -> None:
    elsewhere = workspace_on("memory://elsewhere", {**RAY, "workers": 1, "cpus_per_worker": 0})
    elsewhere.whole().make(ProblemsStage)
    elsewhere.at(ARM, 0).make(PolicyStage)
    with pytest.raises(ArtifactError, match="need a store that all reach"):
        elsewhere.at(ARM, 0).make(RolloutsStage)


def test_more_gpus_than_there_are(tmp_path: Path) -> None:
    """In a process of its own, since a process has one cluster."""
    script = (
        "from rlsd_pipeline.compute.ray_cluster import connect\n"
        "from rlsd_pipeline.config.ray import RayCompute\n"
        "from rlsd_pipeline.errors import ConfigError\n"
        "try:\n"
        "    connect(RayCompute(workers=2, gpus_per_worker=8, object_store_mb=100))\n"
        "except ConfigError as error:\n"
        "    print(error)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert "2 workers of 8 GPUs need 16" in found.stdout


def test_settings_of_a_started_cluster_do_not_fit_a_given_one() -> None:
    from rlsd_pipeline.config.ray import RayCompute

    with pytest.raises(ValueError, match="dashboard would shape a cluster that is started here"):
        RayCompute(address="auto", dashboard=True)
    given = RayCompute(address="auto")
    assert RayCompute.model_validate_json(given.model_dump_json()) == given
