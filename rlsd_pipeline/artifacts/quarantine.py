"""Quarantine of damaged artifacts: kept for inspection, and invisible to every stage."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from rlsd_pipeline.artifacts.storage import Storage, StoredFile

QUARANTINE = ".quarantine"

_STAMP = "%Y%m%dT%H%M%SZ"


def set_aside(storage: Storage, paths: Iterable[str], moment: datetime) -> str:
    """Move files out of every stage's sight.

    Args:
        storage: The store's files.
        paths: What to move; the manifest of an artifact first, so that nobody begins to read it.
        moment: When, in UTC; names the folder below the quarantine.

    Returns:
        Where they lie now.
    """
    folder = f"{QUARANTINE}/{moment.strftime(_STAMP)}"
    for path in paths:
        storage.move(path, f"{folder}/{path}")
    return storage.locate(folder)


def set_aside_files(storage: Storage) -> dict[str, tuple[float, list[StoredFile]]]:
    """When each folder of the quarantine was filled, seconds since the epoch, and its files."""
    found: dict[str, tuple[float, list[StoredFile]]] = {}
    for file in storage.listing(QUARANTINE):
        stamp = file.path.split("/")[1]
        with suppress(ValueError):  # Nothing that was put there by us.
            moment = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
            found.setdefault(f"{QUARANTINE}/{stamp}", (moment, []))[1].append(file)
    return found
