"""The interface of a storage: files below one URL, written atomically and verified on reading."""

import os
import shutil
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_LEFTOVER_SECONDS = 24 * 3600

STAGING = ".staging"


class StoredFile(NamedTuple):
    """A file as a listing shows it.

    Attributes:
        path: Relative to the storage.
        size: Bytes.
        modified: When it was last written, seconds since the epoch.
    """

    path: str
    size: int
    modified: float


class Storage(ABC):
    """A folder of a local disk or of an object store; paths are relative to it.

    Attributes:
        url: Where it lies.
        workspace: Local folder for files on their way in.
    """

    def __init__(self, url: str, workspace: Path) -> None:
        self.url = url
        self.workspace = workspace

    @abstractmethod
    def locate(self, path: str) -> str:
        """The location of a file, as the file system names it."""

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """The bytes of a small file; None if it is missing."""

    @abstractmethod
    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of many small files; missing ones are left out."""

    @abstractmethod
    def listing(self, folder: str) -> list[StoredFile]:
        """All files below a folder as they are now, sorted; "" is the whole storage."""

    @abstractmethod
    def publish(self, staged: Path, path: str, sha256: str) -> None:
        """Bring a staged file to its place, whole or not at all; it may be gone afterwards."""

    @abstractmethod
    def publish_bytes(self, content: bytes, path: str) -> None:
        """Write a small file, whole or not at all."""

    @abstractmethod
    def fetch(self, path: str, sha256: str) -> Path:
        """A local file with these bytes: the stored one, or a copy of it in the cache."""

    @abstractmethod
    def digest(self, path: str) -> str | None:
        """SHA-256 of the stored file, not of a cached copy; None if it is missing."""

    @abstractmethod
    def move(self, path: str, target: str) -> None:
        """Bring a file to another place of the storage; one that is not there is left alone."""

    @abstractmethod
    def remove(self, paths: Iterable[str]) -> None:
        """Delete files; missing ones are ignored."""

    @abstractmethod
    def freshen(self, path: str) -> None:
        """Let a small file look newly written; one that is not there stays away."""

    @abstractmethod
    def require_writable(self) -> None:
        """Find out, before anything is computed, that nothing could be kept here.

        Raises:
            ArtifactError: The place cannot be written to.
        """

    @abstractmethod
    def unfinished_uploads(self) -> list[StoredFile]:
        """Unfinished uploads, which are invisible and cost money."""

    @abstractmethod
    def abort_uploads(self, paths: Iterable[str], older_than: float) -> None:
        """End the unfinished uploads to some places that began before a time."""

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """The name of a folder for files on their way in; removed at the end."""
        remove_leftovers(self.workspace)
        folder = self.workspace / STAGING / uuid.uuid4().hex
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(workspace: Path, seconds: float = _LEFTOVER_SECONDS) -> None:
    """Remove what killed processes have staged; living ones write more often than daily."""
    for folder, touched in staged_folders(workspace):
        if touched < time.time() - seconds:
            shutil.rmtree(folder, ignore_errors=True)


def staged_folders(workspace: Path) -> Iterator[tuple[Path, float]]:
    """Folders of files on their way in, each with the time something was last done there."""
    for folder in (workspace / STAGING).glob("*"):
        try:
            yield folder, max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        except FileNotFoundError:
            continue  # Its owner has just removed it.


def move_into_place(staged: Path, target: Path) -> None:
    """Rename within one file system, so that no reader sees half a file; make it read-only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # A checkout shares the file by a hard link, so no process may write into it.
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
