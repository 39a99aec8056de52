"""Dagster's SQLite event log with its index connection kept open.

The stock log opens and closes a connection to the index several hundred times an iteration, which
costs a short iteration as much as its training. Only the index is kept: a run's own file must be
closed after each event for the UI's live view to notice it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

INDEX = "index"
BUSY_SECONDS = 60


class LocalEventLogStorage(SqliteEventLogStorage):
    """One process's view of the local event log."""

    _index: Engine | None = None

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure: the log lies where the stock one would put it."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "LocalEventLogStorage":
        """Open the log of the instance at DAGSTER_HOME."""
        base = Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"
        return cls(inst_data=inst_data, base_dir=str(base), **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard != INDEX:
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock:
            if self._index is None:
                self._index = self._open_index()
            with self._index.connect() as connection, connection.begin():
                yield connection

    def _open_index(self) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(INDEX),
            poolclass=StaticPool,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _relax)
        self._initdb(engine)
        self._initialized_dbs.add(INDEX)
        return engine

    def dispose(self) -> None:
        """Close the kept connection."""
        if self._index is not None:
            self._index.dispose()
        super().dispose()


def _relax(connection: Any, record: object) -> None:
    """With a write-ahead log a killed process loses nothing; only a power cut loses the last event.

    The artifacts are the record; the event log is their history.
    """
    connection.execute("PRAGMA synchronous=NORMAL")
