"""A file whose time says when a run last came into the queue, between page, sensors and daemon."""

from pathlib import Path

import dagster as dg


def tell(instance: dg.DagsterInstance) -> None:
    """Say that a run has come into the queue."""
    _sign(instance).touch()


def told_at(instance: dg.DagsterInstance) -> int:
    """When a run last came in, in nanoseconds; 0 before the first."""
    try:
        return _sign(instance).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _sign(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / ".queued"
