"""Dagster's SQLite storages of runs and of ticks, with persistent connections.

The stock storages make an engine and open the file for every query. The daemon sends several
queries a second as long as the UI is open.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.pool import NullPool

from assets.dagster_private import ConfigurableClassData, SqliteScheduleStorage
from assets.event_log import BUSY_SECONDS, relax
from assets.made_database import is_made
from assets.run_storage import CommandLineRuns


class _Kept:
    """The behaviour that both storages share in place of the stock one."""

    _conn_string: str

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure: the file lies where the stock one would put it."""
        return {}

    @cached_property
    def _engine(self) -> Engine:
        waits = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        engine = create_engine(self._conn_string, connect_args=waits)
        event.listen(engine, "connect", relax)
        event.listen(engine, "connect", _write_back_soon)
        return engine

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """See `SqliteRunStorage`."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Close the kept connections."""
        self._engine.dispose()


class LocalRunStorage(_Kept, CommandLineRuns):
    """One process's view of the local runs."""

    _has_run_stats = False

    def has_run_stats_index_cols(self) -> bool:
        """Whether runs have columns of times, which every query asks; remembered once they do."""
        self._has_run_stats = self._has_run_stats or super().has_run_stats_index_cols()
        return self._has_run_stats

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "LocalRunStorage":
        """Open the runs of the instance at DAGSTER_HOME."""
        folder = _folder("history")
        if address := _made(folder, "runs", needs="instance_info"):
            return cls(address, inst_data)
        return cls.from_local(base_dir=folder, inst_data=inst_data)


class LocalScheduleStorage(_Kept, SqliteScheduleStorage):
    """One process's view of the local ticks of sensors and schedules."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "LocalScheduleStorage":
        """Open the ticks of the instance at DAGSTER_HOME."""
        folder = _folder("schedules")
        if address := _made(folder, "schedules", needs="job_ticks"):
            return cls(address, inst_data)
        opened = SqliteScheduleStorage.from_local(folder)
        return cls(opened._conn_string, inst_data)


def _made(folder: str, name: str, needs: str) -> str | None:
    """The address of a database that Dagster has made, with a table that it makes last."""
    if not (file := Path(folder).absolute() / f"{name}.db").exists():
        return None
    engine = create_engine(address := f"sqlite:///{file}", poolclass=NullPool)
    return address if is_made(engine) and inspect(engine).has_table(needs) else None


def _folder(name: str) -> str:
    return str(Path(os.environ["DAGSTER_HOME"]) / name)


def _write_back_soon(connection: Any, record: object) -> None:
    """The file beside the database, which a kept connection never ends, stays below half a MB."""
    connection.execute("PRAGMA wal_autocheckpoint=100")
