"""A local cache of remote files, by digest, of bounded size."""

import os
import time
from contextlib import suppress
from pathlib import Path

from rlsd_pipeline.artifacts.storage import move_into_place
from rlsd_pipeline.artifacts.verified import has_digest

DEFAULT_FOLDER = Path("~/.cache/rlsd_pipeline")
DEFAULT_LIMIT = 50 * 10**9

_IN_USE_SECONDS = 15 * 60
_SCANS = 100
"""How often the whole cache is measured while as much is added as it may hold."""


class FileCache:
    """Files by their SHA-256; the least recently used ones make room.

    A reader opens what it was just given, so what was used within the last quarter of an hour
    stays, even beyond the bound.

    Args:
        folder: Where they lie; several processes may share it.
        limit: Bytes it may hold.
    """

    def __init__(self, folder: Path = DEFAULT_FOLDER, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder.expanduser()
        self._limit = limit
        self._added: int | None = None

    def get(self, sha256: str, suffix: str) -> Path | None:
        """The copy with this digest; None if it is missing or damaged."""
        cached = self._place(sha256, suffix)
        try:
            if not has_digest(cached, sha256):
                return None
            # Only the time of access: the time of change tells that it is known to be intact.
            os.utime(cached, ns=(time.time_ns(), cached.stat().st_mtime_ns))
        except FileNotFoundError:
            return None
        return cached

    def adopt(self, staged: Path, sha256: str, suffix: str) -> Path:
        """Take in a file that is known to have this digest, from below the cache's folder."""
        cached, size = self._place(sha256, suffix), staged.stat().st_size
        move_into_place(staged, cached)
        self._added = self._limit if self._added is None else self._added + size
        if self._added > self._limit // _SCANS:
            self._make_room()
            self._added = 0
        return cached

    def _place(self, sha256: str, suffix: str) -> Path:
        return self.folder / "files" / sha256[:2] / (sha256 + suffix)

    def _make_room(self) -> None:
        files: list[tuple[float, int, Path]] = []
        for path in (self.folder / "files").glob("*/*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                files.append((max(status.st_atime, status.st_mtime), status.st_size, path))
        held = sum(size for _, size, _ in files)
        unused_since = time.time() - _IN_USE_SECONDS
        for used, size, path in sorted(files):
            if held <= self._limit or used > unused_since:
                return
            path.unlink(missing_ok=True)
            held -= size
