"""The part of `rlsd gc` about Dagster: the size of its history, and the logs of old runs.

Materializations and checks are kept, since they are the history of the artifacts. The log of a run,
which its page shows, is a file of its own.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import dagster as dg

from assets.home import dagster_home


class History(NamedTuple):
    """How large a local history is.

    Attributes:
        events: Rows of materializations, checks and the like.
        runs: How many have a log.
        size: Bytes of all of it.
        old: Logs of runs that ended long ago.
    """

    events: int
    runs: int
    size: int
    old: list[Path]

    @property
    def old_size(self) -> int:
        """Bytes of the logs of runs that ended long ago."""
        return sum(_size(log) for log in self.old)


def local_history(instance: dg.DagsterInstance, before: float) -> History | None:
    """The history in this home; None where another database has it.

    Args:
        instance: Instance of this home.
        before: A run that ended before this time, in seconds since 1970, ended long ago.
    """
    folder = dagster_home() / "history" / "runs"
    index = folder / "index.db"
    if not index.exists():
        return None
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=60)) as database:
        (events,) = database.execute("SELECT COUNT(*) FROM event_logs").fetchone()
    logs = [path for path in folder.glob("*.db") if path != index]
    finished = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
        ],
        updated_before=datetime.fromtimestamp(before, UTC),
    )
    ended = {record.dagster_run.run_id for record in instance.get_run_records(finished)}
    size = sum(path.stat().st_size for path in folder.parent.rglob("*") if path.is_file())
    return History(events, len(logs), size, [log for log in logs if log.stem in ended])


def delete_logs(history: History) -> None:
    """Delete the old logs; the runs themselves stay."""
    for log in history.old:
        for path in _files(log):
            path.unlink(missing_ok=True)


def _files(log: Path) -> list[Path]:
    """The log's files, including those that SQLite keeps beside an open database."""
    return [log.with_name(log.name + ending) for ending in ("", "-wal", "-shm")]


def _size(log: Path) -> int:
    return sum(path.stat().st_size for path in _files(log) if path.exists())
