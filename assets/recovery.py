"""Runs whose process was killed.

A killed process cannot say that its run is over, and an unfinished run would hold its arm's place
in the queue for ever. Each of our runs records its process, and the next process that looks ends
the run. The launcher watches runs on hosts of their own, such as pods.
"""

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import DBAPIError

HOST_TAG = ".dagster/rlsd_host"
PROCESS_TAG = ".dagster/rlsd_process"

CLAIM_RETRIES = 3
CLAIM_WAIT_SECONDS = 10

UNCLAIMED_SECONDS = 180
"""A run claims its process as soon as its first stage begins, a moment after the run itself."""


def process_tags(run_id: str, pid: int | None = None) -> dict[str, str]:
    """Tags that say which process of this machine executes a run: this one, or that of an id.

    A retry inherits the tags of the run it replaces, so the process is noted with its run.
    """
    return {HOST_TAG: socket.gethostname(), PROCESS_TAG: f"{run_id}/{_process(pid or os.getpid())}"}


def claim(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> None:
    """Record this process on a run that the queue launched; the command line's runs have it.

    Raises:
        dagster.RetryRequested: The instance cannot be reached. That is no fault of the stage, which
            would count as failed and not be begun again.
    """
    tags = process_tags(context.run.run_id)
    if tags.items() <= context.run.tags.items():
        return
    try:
        context.instance.add_run_tags(context.run.run_id, tags)
    except Exception as error:
        raise dg.RetryRequested(CLAIM_RETRIES, seconds_to_wait=CLAIM_WAIT_SECONDS) from error


@contextmanager
def retried_without_database() -> Iterator[None]:
    """Retry a step after a database server went away; it continues from the store.

    Raises:
        dagster.RetryRequested: The server did not answer.
    """
    try:
        yield
    except DBAPIError as error:
        # A file that is locked or damaged is no server that comes back.
        if isinstance(error.orig, sqlite3.Error):
            raise
        raise dg.RetryRequested(CLAIM_RETRIES, seconds_to_wait=CLAIM_WAIT_SECONDS) from error


def fail_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the unfinished runs of this machine whose process is gone; returns their ids."""
    unfinished = instance.get_runs(
        dg.RunsFilter(
            statuses=[
                dg.DagsterRunStatus.NOT_STARTED,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.CANCELING,
            ],
            tags={HOST_TAG: socket.gethostname()},
        )
    )
    dead = [run for run in unfinished if has_died(run)]
    for run in dead:
        instance.report_run_failed(run, "The process that executed this run is gone.")
    return [run.run_id for run in dead]


def fail_unclaimed_runs(instance: dg.DagsterInstance, location: str) -> list[str]:
    """End runs of a code location that were killed before they could say where; returns their ids.

    They began long ago and have no process to their name.
    """
    began = time.time() - UNCLAIMED_SECONDS
    started = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    dead = [
        record.dagster_run
        for record in started
        if (origin := record.dagster_run.remote_job_origin) is not None
        and origin.location_name == location
        and record.start_time is not None
        and record.start_time < began
        and _process_of(record.dagster_run) is None
    ]
    for run in dead:
        instance.report_run_failed(run, "The process of this run ended before its first stage.")
    return [run.run_id for run in dead]


def has_died(run: dg.DagsterRun) -> bool:
    """Whether a process of this machine executed a run and is gone."""
    process = _process_of(run)
    return process is not None and _is_here(run) and not _is_alive(process)


def living_process(run: dg.DagsterRun) -> int | None:
    """Id of the process of this machine that executes a run; None without one."""
    process = _process_of(run)
    if process is None or not _is_here(run) or not _is_alive(process):
        return None
    return int(process.partition("-")[0])


def _is_here(run: dg.DagsterRun) -> bool:
    return run.tags.get(HOST_TAG) == socket.gethostname()


def _process_of(run: dg.DagsterRun) -> str | None:
    """The process that claimed a run; a retry's inherited tag names another run."""
    run_id, _, process = run.tags.get(PROCESS_TAG, "").partition("/")
    return process if run_id == run.run_id else None


def _process(pid: int) -> str:
    """A process id with its start time: the id alone may be given to another process."""
    stat = Path(f"/proc/{pid}/stat")
    started = stat.read_text().rsplit(")", 1)[1].split()[19] if stat.exists() else ""
    return f"{pid}-{started}"


def _is_alive(process: str) -> bool:
    pid, _, started = process.partition("-")
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not started or _process(int(pid)) == process
