"""Dagster's SQLite event log, made fit for short iterations.

The stock log opens and closes a connection for every event and several hundred times an iteration
for the index, and walks through all of its migrations to make each run's file; together they cost a
short iteration as much as its training. Here the connections to the index and to the latest run
stay open, a run's file begins as a copy of an empty one, and what an event changes in one file is
one transaction, not up to six.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from dagster import EventLogEntry
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from assets.dagster_private import ConfigurableClassData, SqliteEventLogStorage
from assets.made_database import is_made

INDEX = "index"
BUSY_SECONDS = 60


class LocalEventLogStorage(SqliteEventLogStorage):
    """One process's view of the local event log."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """See `SqliteEventLogStorage`."""
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        self._columns: set[str] = set()
        self._transactions: ExitStack | None = None
        self._held: dict[str, Connection] = {}
        # The holder of a transaction comes back for its connection; Dagster's lock would stop it.
        self._lock = threading.RLock()
        super().__init__(base_dir, inst_data)

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
        with self._lock:
            if self._transactions is None:
                with self._transaction(shard) as connection:
                    yield connection
                return
            if shard not in self._held:
                begun = self._transaction(shard)
                self._held[shard] = self._transactions.enter_context(begun)
            yield self._held[shard]

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[Connection]:
        with self._engine(shard).connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _at_once(self, run_id: str) -> Iterator[None]:
        """What is written meanwhile is one transaction in the run's file, and one in the index."""
        with self._lock:
            if self._transactions is not None:
                yield
                return
            try:
                with ExitStack() as self._transactions:
                    yield
            finally:
                self._transactions = None
                self._held.clear()
        # What is written waits beside the file while a connection is open, and the UI's live view
        # looks again when the file itself changes.
        with suppress(FileNotFoundError):
            os.utime(self.path_for_shard(run_id))

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; the answer for an existing table is remembered."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        """Whether the index has a column of assets, which every event asks; as of tables."""
        if column_name not in self._columns and super()._has_asset_key_col_on_connection(
            conn, column_name
        ):
            self._columns.add(column_name)
        return column_name in self._columns

    def store_event(self, event: EventLogEntry) -> None:
        """See `SqliteEventLogStorage`."""
        with self._at_once(event.run_id):
            super().store_event(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """See `EventLogStorage`: a batch is of one run, such as what it is going to do."""
        if events:
            with self._at_once(events[0].run_id):
                super().store_event_batch(events)

    def _begin(self, shard: str) -> None:
        """Create an empty log for a new run; an existing one is left alone."""
        path = Path(self.path_for_shard(shard))
        if shard in self._initialized_dbs or path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(_empty_log())
        # A link, unlike a rename, never takes the place of a log that another process has begun.
        with suppress(FileExistsError):
            os.link(file.name, path)
        Path(file.name).unlink()
        self._initialized_dbs.add(shard)

    def _engine(self, shard: str) -> Engine:
        """The engine of the index, or of a run: then no other run's stays open."""
        if shard not in self._engines:
            if shard != INDEX:
                self._begin(shard)
                self._close(self._engines.keys() - self._held.keys() - {INDEX})
            self._engines[shard] = self._open(shard)
        return self._engines[shard]

    def _open(self, shard: str) -> Engine:
        """An engine with one connection, which stays open."""
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", relax)
        if shard not in self._initialized_dbs:
            if not is_made(engine):
                self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def _close(self, shards: Iterable[str]) -> None:
        for shard in shards:
            self._engines.pop(shard).dispose()

    def dispose(self) -> None:
        """Close the kept connections."""
        self._close(list(self._engines))
        super().dispose()


@cache
def _empty_log() -> bytes:
    """The file of a run without events, as the stock log makes it."""
    with TemporaryDirectory(prefix="rlsd-event-log-") as folder:
        stock = SqliteEventLogStorage(base_dir=folder)
        with stock.run_connection("empty"):
            pass
        return Path(stock.path_for_shard("empty")).read_bytes()


def relax(connection: Any, record: object) -> None:
    """With a write-ahead log a killed process loses nothing; only a power cut loses the last event.

    The artifacts are the record; the event log is their history.
    """
    connection.execute("PRAGMA synchronous=NORMAL")
