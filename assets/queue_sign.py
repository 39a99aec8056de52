"""A file whose time says when a run last came into the queue, between page, sensors and daemon."""

from pathlib import Path

import dagster as dg


def tell(instance: dg.DagsterInstance) -> None:
    """Say that a run has come into the queue."""
    sign_of(instance).touch()


def told_at(sign: Path) -> int:
    """When a run last came in, in nanoseconds; 0 before the first."""
    try:
        return sign.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def sign_of(instance: dg.DagsterInstance) -> Path:
    """The file of an instance."""
    return Path(instance.root_directory) / ".queued"
