"""Storage in a folder of the local disk."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from rlsd_pipeline.artifacts.fingerprint import file_sha256
from rlsd_pipeline.artifacts.storage import STAGING, Storage, StoredFile, move_into_place
from rlsd_pipeline.artifacts.verified import require_digest


class LocalStorage(Storage):
    """A folder; it stages in itself, since a rename is atomic only within one file system."""

    def __init__(self, url: str, root: Path) -> None:
        super().__init__(url, root)
        self._root = root

    def locate(self, path: str) -> str:
        """See `Storage`."""
        return f"{self._root}/{path}"

    def read(self, path: str) -> bytes | None:
        """See `Storage`."""
        try:
            return Path(self.locate(path)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See `Storage`."""
        found = ((path, self.read(path)) for path in paths)
        return {path: content for path, content in found if content is not None}

    def listing(self, folder: str) -> list[StoredFile]:
        """See `Storage`; what is on its way in is not listed."""
        files: list[StoredFile] = []
        root = self.locate("")
        for entry in _files(f"{root}{folder}".rstrip("/"), f"{root}{STAGING}"):
            with suppress(FileNotFoundError):
                status, path = entry.stat(), entry.path.removeprefix(root)
                files.append(StoredFile(path, status.st_size, status.st_mtime))
        return sorted(files)

    def publish(self, staged: Path, path: str, sha256: str) -> None:
        """See `Storage`."""
        move_into_place(staged, self._root / path)

    def publish_bytes(self, content: bytes, path: str) -> None:
        """See `Storage`."""
        with self.staging() as folder:
            folder.mkdir(parents=True)
            staged = folder / "content"
            staged.write_bytes(content)
            move_into_place(staged, self._root / path)

    def fetch(self, path: str, sha256: str) -> Path:
        """See `Storage`."""
        local = self._root / path
        require_digest(local, sha256, self.locate(path))
        return local

    def digest(self, path: str) -> str | None:
        """See `Storage`."""
        try:
            return file_sha256(self._root / path)
        except FileNotFoundError:
            return None

    def move(self, path: str, target: str) -> None:
        """See `Storage`."""
        place = self._root / target
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            (self._root / path).replace(place)
        self._remove_empty(path)

    def remove(self, paths: Iterable[str]) -> None:
        """See `Storage`; folders that become empty go as well."""
        for path in paths:
            (self._root / path).unlink(missing_ok=True)
            self._remove_empty(path)

    def freshen(self, path: str) -> None:
        """See `Storage`."""
        with suppress(FileNotFoundError):
            os.utime(self._root / path)

    def require_writable(self) -> None:
        """See `Storage`; a folder that cannot be made says so by itself."""
        self._root.mkdir(parents=True, exist_ok=True)

    def unfinished_uploads(self) -> list[StoredFile]:
        """None: what is on its way in lies in the staging folder."""
        return []

    def abort_uploads(self, paths: Iterable[str], older_than: float) -> None:
        """Nothing to do."""

    def _remove_empty(self, path: str) -> None:
        local = self._root / path
        with suppress(OSError):  # Not empty, or gone already.
            while (local := local.parent) != self._root:
                local.rmdir()


def _files(folder: str, left_out: str) -> Iterator[os.DirEntry[str]]:
    """The files below an existing folder; links to folders are not followed.

    As text: a store has so many small files that pathlib takes longer than the disk.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield entry
            elif entry.path != left_out and not entry.is_symlink():
                yield from _files(entry.path, left_out)
