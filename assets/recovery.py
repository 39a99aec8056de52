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


def process_tags() -> dict[str, str]:
    """Tags that say which process executes a run."""
    return {HOST_TAG: socket.gethostname(), PROCESS_TAG: _process(os.getpid())}


def claim(context: dg.AssetExecutionContext) -> None:
    """Record this process on a run that the queue launched; the command line's runs have it."""
    if HOST_TAG not in context.run.tags:
        context.instance.add_run_tags(context.run_id, process_tags())


def fail_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the unfinished runs of this machine whose process is gone; returns their ids."""
    unfinished = instance.get_runs(
        dg.RunsFilter(
            statuses=[
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.CANCELING,
            ],
            tags={HOST_TAG: socket.gethostname()},
        )
    )
    dead = [run for run in unfinished if not _is_alive(run.tags.get(PROCESS_TAG, ""))]
    for run in dead:
        instance.report_run_failed(run, "The process that executed this run is gone.")
    return [run.run_id for run in dead]


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
