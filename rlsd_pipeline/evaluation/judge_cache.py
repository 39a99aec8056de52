"""The cache of a judge's readings by content: the same request is made once."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple


class Reading(NamedTuple):
    """A judge's reading; None if the response gives no answer."""

    answer: str | None


def content_key(*parts: Any) -> str:
    """SHA-256 of the parts as JSON, so that no two lists of parts look alike."""
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


class JudgeCache:
    """A folder of small JSON files, safe for several processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Reading | None:
        """The reading of a key; None if it is missing, or its file is damaged."""
        try:
            found = json.loads(self._path(key).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if not (isinstance(found, dict) and found.get("key") == key and "answer" in found):
            return None
        answer = found["answer"]
        return Reading(answer) if answer is None or isinstance(answer, str) else None

    def put(self, key: str, reading: Reading) -> None:
        """Keep a reading; a concurrent reader sees all of it or nothing."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, staged = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"key": key, "answer": reading.answer}, file)
            Path(staged).replace(path)
        except BaseException:
            Path(staged).unlink(missing_ok=True)
            raise

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"
