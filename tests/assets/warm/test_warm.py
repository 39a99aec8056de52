"""The pool of workers: who executes a run, when a worker is used again, and how a run is ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.launcher import LaunchRunContext, WorkerStatus

from assets.recovery import living_process
from assets.warm.launcher import WarmRunLauncher
from assets.warm.request import ADDRESS, Request, ask
from assets.warm.sources import Sources
from rlsd_pipeline.home import ROOT

JOBS = """
import os, sys, time
import dagster as dg

@dg.op
def end(context):
    context.instance.add_run_tags(context.run_id, {"executed_by": f"{os.getpid()} VERSION"})

@dg.op
def last(context):
    context.instance.add_run_tags(context.run_id, {"begun": "yes"})
    time.sleep(600)

@dg.job(executor_def=dg.in_process_executor)
def quick():
    end()

@dg.job(executor_def=dg.in_process_executor)
def other():
    end()

@dg.job(executor_def=dg.in_process_executor)
def long():
    last()
"""
SERVE = """
import os, socket, sys
from assets.warm.pool import Pool

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("listens", flush=True)
Pool(listener).serve(os.getppid())
"""

WITHOUT_A_POOL = """
import socket, sys
from assets.warm import worker
from assets.warm.request import Request

pool, end = socket.socketpair()
if sys.argv[1] == "before":
    pool.close()
worker._execute = lambda request: (print("executed"), pool.close())
worker.work(end, Request(run="", experiment="", idle_seconds=60))
"""

Launch = Callable[[str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warm")


@pytest.fixture(scope="module")
def instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance


@pytest.fixture(scope="module")
def pool(folder: Path) -> Iterator[str]:
    """A pool's address."""
    address = str(folder / "pool")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, address], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"listens\n"
    yield address
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


@pytest.fixture
def launcher(
    instance: dg.DagsterInstance, pool: str, monkeypatch: pytest.MonkeyPatch
) -> WarmRunLauncher:
    monkeypatch.setenv(ADDRESS, pool)
    launcher = WarmRunLauncher()
    launcher.register_instance(instance)
    return launcher


@pytest.fixture
def launch(instance: dg.DagsterInstance, launcher: WarmRunLauncher, folder: Path) -> Launch:
    """Launches a run of a job; returns its id."""
    file = folder / "jobs.py"
    if not file.exists():
        file.write_text(JOBS)

    def launch(name: str) -> str:
        job = ReconstructableJob.for_file(str(file), name)
        run = instance.create_run_for_job(
            job.get_definition(), job_code_origin=job.get_python_origin()
        )
        launcher.launch_run(LaunchRunContext(run, workspace=None))
        return run.run_id

    return launch


def until(holds: Callable[[], object]) -> None:
    ends = time.monotonic() + 300
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def executed_by(instance: dg.DagsterInstance, run_id: str) -> str:
    """What executed a run, once that has succeeded."""
    until(lambda: instance.get_run_by_id(run_id).is_finished)
    run = instance.get_run_by_id(run_id)
    assert run.status is dg.DagsterRunStatus.SUCCESS
    return run.tags["executed_by"]


def test_a_next_run_of_an_experiment_is_executed_by_a_process_that_has_executed_one(
    instance: dg.DagsterInstance, launch: Launch
) -> None:
    found: list[str] = []

    def has_executed_before() -> bool:
        # A worker that has not yet said that its run is over is not asked, and two take turns.
        found.append(executed_by(instance, launch("quick")))
        return found[-1] in found[:-1]

    until(has_executed_before)
    assert executed_by(instance, launch("other")) not in found


def test_a_worker_that_waits_does_not_run_code_that_was_changed_meanwhile(
    instance: dg.DagsterInstance, launch: Launch, folder: Path
) -> None:
    before = executed_by(instance, launch("quick"))
    (folder / "jobs.py").write_text(JOBS.replace("VERSION", "CHANGED"))
    after = executed_by(instance, launch("quick"))
    assert before.endswith("VERSION")
    assert after.endswith("CHANGED")


def test_a_run_of_a_worker_is_ended_as_cancelled(
    instance: dg.DagsterInstance, launch: Launch, launcher: WarmRunLauncher
) -> None:
    run_id = launch("long")
    until(lambda: "begun" in instance.get_run_by_id(run_id).tags)
    assert launcher.terminate(run_id)
    until(lambda: instance.get_run_by_id(run_id).is_finished)
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.CANCELED
    assert not launcher.terminate(run_id)


def test_a_run_whose_worker_was_killed_is_found_out(
    instance: dg.DagsterInstance, launch: Launch, launcher: WarmRunLauncher
) -> None:
    run_id = launch("long")
    until(lambda: "begun" in instance.get_run_by_id(run_id).tags)
    run = instance.get_run_by_id(run_id)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    os.kill(living_process(run), signal.SIGKILL)
    until(lambda: living_process(run) is None)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.FAILED


def test_without_a_pool_nothing_is_asked(tmp_path: Path) -> None:
    request = Request(run="", experiment="small", idle_seconds=1.0)
    assert ask(request, {}).refused == "there is no pool"
    assert "not there" in ask(request, {ADDRESS: str(tmp_path / "gone")}).refused


def test_a_module_that_is_written_anew_is_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "users_own_module.py"
    file.write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("users_own_module")
    sources = Sources()
    assert not sources.have_changed()
    os.utime(file, (1, 1))
    assert sources.have_changed()
    del sys.modules["users_own_module"]


@pytest.mark.parametrize(
    ("killed", "executed", "state"),
    [
        ("during", "executed\n", "its run is over"),
        ("before", "", "the run that it was given is not begun"),
    ],
)
def test_a_worker_whose_pool_was_killed_ends_with_one_line(
    killed: str, executed: str, state: str
) -> None:
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_POOL, killed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert found.stdout == executed
    assert found.stderr == f"the pool of workers is gone, and this worker ends: {state}\n"
