"""Which runs are taken for dead, and which are not."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.test_utils import create_run_for_test
from sqlalchemy.exc import OperationalError

from assets.automation import dead_run_sensor
from assets.recovery import (
    HOST_TAG,
    PROCESS_TAG,
    UNCLAIMED_SECONDS,
    claim,
    fail_dead_runs,
    fail_unclaimed_runs,
    process_tags,
    retried_without_database,
)

STARTED = dg.DagsterRunStatus.STARTED
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def other() -> Iterator[subprocess.Popen]:
    """Another process that lives until its test is over."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    yield process
    process.kill()
    process.communicate()


def start_time(pid: int) -> str:
    """Clock ticks from the boot of the machine to the start of a process; proc(5), field 22."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def run_of(
    instance: dg.DagsterInstance,
    process: str,
    status: dg.DagsterRunStatus = STARTED,
    host: str | None = None,
    parent: str | None = None,
) -> str:
    """A run whose tags name a process."""
    run = create_run_for_test(
        instance,
        status=status,
        tags={HOST_TAG: host or socket.gethostname()},
        parent_run_id=parent,
        root_run_id=parent,
    )
    instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id}/{process}"})
    return run.run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    return instance.get_run_by_id(run_id).status


@pytest.mark.parametrize("status", UNFINISHED)
def test_an_unfinished_run_whose_process_is_gone_has_failed(
    instance: dg.DagsterInstance, other: subprocess.Popen, status: dg.DagsterRunStatus
) -> None:
    run_id = run_of(instance, f"{other.pid}-{start_time(other.pid)}", status)
    assert fail_dead_runs(instance) == []
    assert status_of(instance, run_id) is status
    other.kill()
    other.wait()
    assert fail_dead_runs(instance) == [run_id]
    assert status_of(instance, run_id) is dg.DagsterRunStatus.FAILURE
    messages = [entry.message for entry in instance.all_logs(run_id)]
    assert "The process that executed this run is gone." in messages[-1]
    assert fail_dead_runs(instance) == []


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.CANCELED,
        dg.DagsterRunStatus.FAILURE,
    ],
)
def test_a_run_that_is_over_is_left_alone(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    run_id = run_of(instance, f"{2**22 + 1}-1", status)
    assert fail_dead_runs(instance) == []
    assert status_of(instance, run_id) is status


def test_a_process_that_was_given_the_same_id_is_another_one(instance: dg.DagsterInstance) -> None:
    mine = start_time(os.getpid())
    run_of(instance, f"{os.getpid()}-{mine}")
    recycled = run_of(instance, f"{os.getpid()}-{int(mine) - 1}")
    assert fail_dead_runs(instance) == [recycled]


def test_an_id_alone_decides_where_no_start_time_is_known(instance: dg.DagsterInstance) -> None:
    run_of(instance, f"{os.getpid()}-")
    # No process has an id above the kernel's largest.
    gone = run_of(instance, f"{2**22 + 1}-")
    assert fail_dead_runs(instance) == [gone]


def test_runs_of_other_machines_are_theirs_to_judge(instance: dg.DagsterInstance) -> None:
    run_of(instance, f"{2**22 + 1}-1", host="elsewhere")
    create_run_for_test(instance, status=STARTED)
    assert fail_dead_runs(instance) == []


def test_a_retry_is_not_dead_with_the_run_it_replaces(instance: dg.DagsterInstance) -> None:
    dead = run_of(instance, f"{2**22 + 1}-1")
    inherited = instance.get_run_by_id(dead).tags
    retry = create_run_for_test(
        instance, status=STARTED, tags=inherited, parent_run_id=dead, root_run_id=dead
    )
    assert fail_dead_runs(instance) == [dead]
    assert status_of(instance, retry.run_id) is STARTED


def test_a_retry_notes_its_own_process(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def stage(context: dg.AssetExecutionContext) -> None:
        claim(context)

    stale = {HOST_TAG: "elsewhere", PROCESS_TAG: "another-run/1-1"}
    for tags in ({}, stale):
        run = dg.materialize([stage], instance=instance, tags=tags)
        found = instance.get_run_by_id(run.run_id).tags
        assert process_tags(run.run_id).items() <= found.items()
    assert process_tags("a")[PROCESS_TAG] == f"a/{os.getpid()}-{start_time(os.getpid())}"


def test_a_stage_waits_for_an_instance_that_is_away(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres that restarts must not count as a failure of the stage."""
    monkeypatch.setattr("assets.recovery.CLAIM_WAIT_SECONDS", 0)
    add, outages = instance.add_run_tags, [ConnectionError("away"), ConnectionError("away")]

    def add_run_tags(run_id: str, tags: dict[str, str]) -> None:
        if PROCESS_TAG in tags and outages:
            raise outages.pop()
        add(run_id, tags)

    @dg.asset
    def stage(context: dg.AssetExecutionContext) -> None:
        claim(context)

    monkeypatch.setattr(instance, "add_run_tags", add_run_tags)
    run = dg.materialize([stage], instance=instance)
    assert run.success
    assert outages == []
    tags = instance.get_run_by_id(run.run_id).tags
    assert process_tags(run.run_id).items() <= tags.items()


def started_run(instance: dg.DagsterInstance, location: str, tags: dict[str, str]) -> str:
    """A run of a code location that began just now."""
    server = GrpcServerCodeLocationOrigin("localhost", 1, location_name=location)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(server, "__repository__"), "job")
    run = create_run_for_test(instance, "job", remote_job_origin=origin, tags=tags)
    instance.report_dagster_event(DagsterEvent("PIPELINE_START", "job"), run.run_id)
    return run.run_id


@pytest.mark.parametrize("later", [UNCLAIMED_SECONDS - 30, UNCLAIMED_SECONDS + 30])
def test_a_run_that_nobody_claims_is_dead_in_the_end(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, later: float
) -> None:
    inherited = {HOST_TAG: socket.gethostname(), PROCESS_TAG: "another-run/1-1"}
    unclaimed = {started_run(instance, "rlsd", tags) for tags in ({}, inherited)}
    claimed = started_run(instance, "rlsd", {HOST_TAG: "elsewhere"})
    instance.add_run_tags(claimed, {PROCESS_TAG: f"{claimed}/1-1"})
    other = started_run(instance, "other", {})
    now = time.time() + later
    monkeypatch.setattr("assets.recovery.time", SimpleNamespace(time=lambda: now))
    due = later > UNCLAIMED_SECONDS
    assert set(fail_unclaimed_runs(instance, "rlsd")) == (unclaimed if due else set())
    expected = dg.DagsterRunStatus.FAILURE if due else STARTED
    assert {status_of(instance, run_id) for run_id in unclaimed} == {expected}
    # One has a process on another machine, the other belongs to another project.
    assert [status_of(instance, run_id) for run_id in (claimed, other)] == [STARTED, STARTED]


def test_the_sensor_ends_dead_runs(instance: dg.DagsterInstance) -> None:
    run_id = run_of(instance, f"{2**22 + 1}-1")
    with dg.build_sensor_context(instance=instance) as context:
        assert dead_run_sensor().evaluate_tick(context).skip_message == "1 dead runs"
    assert status_of(instance, run_id) is dg.DagsterRunStatus.FAILURE


def test_a_database_server_that_went_away_is_waited_for() -> None:
    gone = OperationalError("SELECT 1", {}, ConnectionError("server closed the connection"))
    with pytest.raises(dg.RetryRequested), retried_without_database():
        raise gone


def test_a_locked_file_is_told_at_once() -> None:
    locked = OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked"))
    with pytest.raises(OperationalError), retried_without_database():
        raise locked
