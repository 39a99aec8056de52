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

from sqlalchemy import Connection, Engine, create_engine, event

from assets.dagster_private import ConfigurableClassData, SqliteScheduleStorage
from assets.event_log import BUSY_SECONDS
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

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "LocalRunStorage":
        """Open the runs of the instance at DAGSTER_HOME."""
        return cls.from_local(base_dir=_folder("history"), inst_data=inst_data)


class LocalScheduleStorage(_Kept, SqliteScheduleStorage):
    """One process's view of the local ticks of sensors and schedules."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "LocalScheduleStorage":
        """Open the ticks of the instance at DAGSTER_HOME."""
        opened = SqliteScheduleStorage.from_local(_folder("schedules"))
        return cls(opened._conn_string, inst_data)


def _folder(name: str) -> str:
    return str(Path(os.environ["DAGSTER_HOME"]) / name)


def _write_back_soon(connection: Any, record: object) -> None:
    """The file beside the database, which a kept connection never ends, stays below half a MB."""
    connection.execute("PRAGMA wal_autocheckpoint=100")
