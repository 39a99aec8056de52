"""Notes beside the artifacts: numbers that were read from many of them, cached.

They lie under `.numbers`. Deleting them costs time and nothing else.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.errors import RlsdError

_NOTES = ".numbers"


def read_note(storage: Storage, name: str) -> dict[str, Any]:
    """A note; empty if it is missing or unreadable.

    Args:
        storage: Where the artifacts are.
        name: Name of the note, as a path without its ending.
    """
    with suppress(RlsdError, OSError, ValueError):
        document = json.loads(storage.read(f"{_NOTES}/{name}.json") or b"{}")
        if isinstance(document, dict):
            return document
    return {}


def keep_note(storage: Storage, name: str, document: Mapping[str, Any]) -> None:
    """Write a note down, where the store can be written to."""
    with suppress(RlsdError, OSError):
        storage.publish_bytes(json.dumps(document).encode(), f"{_NOTES}/{name}.json")
