"""Runs whose process was killed.

A killed process cannot say that its run is over, and an unfinished run would hold its arm's place
in the queue for ever. A run of ours records its process; whoever looks next ends it.
"""

import os
import socket
from pathlib import Path

import dagster as dg

HOST_TAG = "rlsd/host"
PROCESS_TAG = "rlsd/process"


def process_tags(run_id: str) -> dict[str, str]:
    """Tags that say which process executes a run.

    A retry inherits the tags of the run it replaces, so the process is noted with its run.
    """
    return {HOST_TAG: socket.gethostname(), PROCESS_TAG: f"{run_id}/{_process(os.getpid())}"}


def claim(context: dg.AssetExecutionContext) -> None:
    """Record this process on a run that the queue launched; the command line's runs have it."""
    tags = process_tags(context.run.run_id)
    if not tags.items() <= context.run.tags.items():
        context.instance.add_run_tags(context.run.run_id, tags)


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
    dead = [run for run in unfinished if _has_died(run)]
    for run in dead:
        instance.report_run_failed(run, "The process that executed this run is gone.")
    return [run.run_id for run in dead]


def _has_died(run: dg.DagsterRun) -> bool:
    run_id, _, process = run.tags.get(PROCESS_TAG, "").partition("/")
    return run_id == run.run_id and not _is_alive(process)


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
