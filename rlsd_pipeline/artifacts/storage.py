"""Files below one URL: written atomically, read only once their digest is verified."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from rlsd_pipeline.artifacts.fingerprint import file_sha256
from rlsd_pipeline.errors import ArtifactError

_CACHE = Path("~/.cache/rlsd_pipeline")
_LEFTOVER_SECONDS = 24 * 3600


class Storage:
    """A folder of a local disk or of an object store; paths are relative to it."""

    # Files found intact by this process, each with the size and time it had then.
    _intact: ClassVar[set[tuple[str, int, int, str]]] = set()

    def __init__(self, url: str | Path, cache: Path | None = None):
        self.url = str(url)
        # A listing another process has made stale must not hide its artifacts.
        self._filesystem, root = url_to_fs(self.url, use_listings_cache=False)
        self._root = root.rstrip("/")
        self._is_local = isinstance(self._filesystem, LocalFileSystem)
        # A rename is atomic only within one file system, so a local store stages in itself.
        self._workspace = Path(root) if self._is_local else (cache or _CACHE).expanduser()

    def locate(self, path: str) -> str:
        """Where a file lies, in the file system's own words."""
        return f"{self._root}/{path}"

    def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""
        try:
            return self._filesystem.info(self.locate(path))["size"]
        except FileNotFoundError:
            return None

    def read(self, path: str) -> bytes | None:
        """The bytes of a small file; None where there is none."""
        try:
            return self._filesystem.cat_file(self.locate(path))
        except FileNotFoundError:
            return None

    def files(self, folder: str) -> list[str]:
        """Paths of all files below a folder, sorted, relative to it."""
        base = self.locate(folder)
        return sorted(found.removeprefix(f"{base}/") for found in self._filesystem.find(base))

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """The name of a folder for files on their way in; removed at the end."""
        self._remove_leftovers()
        folder = self._workspace / ".staging" / uuid.uuid4().hex
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, staged: Path, path: str) -> None:
        """Move a staged file to its place, whole or not at all."""
        if self._is_local:
            _move(staged, Path(self.locate(path)))
        else:
            # One object appears with its last byte, and never before.
            self._filesystem.put_file(str(staged), self.locate(path))

    def publish_bytes(self, content: bytes, path: str) -> None:
        """Write a small file, whole or not at all."""
        with self.staging() as folder:
            folder.mkdir(parents=True)
            staged = folder / "content"
            staged.write_bytes(content)
            self.publish(staged, path)

    def fetch(self, path: str, sha256: str) -> Path:
        """A local file with these bytes: the stored one, or a copy of it in the cache."""
        if self._is_local:
            local = Path(self.locate(path))
            self._verify(local, sha256, path)
            return local
        cached = self._workspace / "files" / sha256[:2] / (sha256 + Path(path).suffix)
        if not cached.exists() or not self._has_digest(cached, sha256):
            self._download(path, sha256, cached)
        return cached

    def _download(self, path: str, sha256: str, cached: Path) -> None:
        with self.staging() as folder:
            folder.mkdir(parents=True)
            staged = folder / "content"
            try:
                self._filesystem.get_file(self.locate(path), str(staged))
            except FileNotFoundError:
                staged.unlink(missing_ok=True)
            self._verify(staged, sha256, path)
            _move(staged, cached)

    def _verify(self, local: Path, sha256: str, path: str) -> None:
        found = "no file"
        if local.exists():
            if self._has_digest(local, sha256):
                return
            found = file_sha256(local)
        raise ArtifactError(
            f"{self.locate(path)} is damaged: expected SHA-256 {sha256}, found {found}; "
            "delete its folder and run the stage again to recreate it"
        )

    def _has_digest(self, local: Path, sha256: str) -> bool:
        status = local.stat()
        state = (str(local), status.st_size, status.st_mtime_ns, sha256)
        if state not in self._intact:
            if file_sha256(local) != sha256:
                return False
            self._intact.add(state)
        return True

    def _remove_leftovers(self) -> None:
        """Remove what killed processes have staged; living ones write more often than daily."""
        for folder in (self._workspace / ".staging").glob("*"):
            try:
                touched = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            except FileNotFoundError:
                continue  # Its owner has just removed it.
            if touched < time.time() - _LEFTOVER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _move(staged: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # A checkout shares the file by a hard link, so nobody may write into it.
    staged.chmod(staged.stat().st_mode & ~0o222)
    _sync(staged)
    staged.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
