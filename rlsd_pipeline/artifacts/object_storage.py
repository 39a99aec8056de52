"""Storage below a prefix of an object store: S3, GCS and others that fsspec reaches.

An object store renames nothing and need not: an object appears with its last byte. Other processes
write here as well, so listings and lookups bypass fsspec's cache.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rlsd_pipeline.artifacts.cache import FileCache
from rlsd_pipeline.artifacts.storage import Storage, StoredFile
from rlsd_pipeline.artifacts.verified import require_digest
from rlsd_pipeline.errors import ArtifactError, RlsdError

Result = TypeVar("Result")

_WAITS = (1.0, 4.0, 15.0)
"""Seconds before another attempt, beyond the ones that the client makes by itself."""

_MARKER = ".rlsd"
_MODIFIED = ("LastModified", "updated", "last_modified", "mtime", "created")
"""What the file systems call the time of the last write."""

_LASTING = (FileNotFoundError, PermissionError, NotImplementedError, RlsdError)


class ObjectStorage(Storage):
    """A prefix of a bucket.

    Args:
        url: Where it lies.
        filesystem: An fsspec file system.
        root: Bucket and prefix in its words.
        cache: Copies of what was read.
    """

    def __init__(self, url: str, filesystem: Any, root: str, cache: FileCache) -> None:
        super().__init__(url, cache.folder)
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._cache = cache
        self._writable = False

    def locate(self, path: str) -> str:
        """See `Storage`."""
        return f"{self._root}/{path}"

    def read(self, path: str) -> bytes | None:
        """See `Storage`."""
        try:
            return self._reach(lambda: self._filesystem.cat_file(self.locate(path)), path)
        except FileNotFoundError:
            return None

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """See `Storage`; many at a time where the file system can."""
        named = {self.locate(path).lstrip("/"): path for path in paths}
        if not named:
            return {}
        found = self._reach(
            lambda: self._filesystem.cat(list(named), on_error="return"), next(iter(named.values()))
        )
        contents: dict[str, bytes] = {}
        for place, content in found.items():
            if isinstance(content, bytes):
                contents[named[place.lstrip("/")]] = content
            elif not isinstance(content, FileNotFoundError):
                raise self._unreachable(place, content) from content
        return contents

    def listing(self, folder: str) -> list[StoredFile]:
        """See `Storage`."""
        base = self.locate(folder).rstrip("/")
        try:
            found = self._reach(lambda: self._filesystem.find(base, detail=True), folder)
        except FileNotFoundError:
            return []
        start = len(self._root.lstrip("/")) + 1
        return sorted(
            StoredFile(place.lstrip("/")[start:], info["size"], _modified(info))
            for place, info in found.items()
        )

    def publish(self, staged: Path, path: str, sha256: str) -> None:
        """See `Storage`; the copy stays in the cache, since the next stage reads it."""
        self._reach(lambda: self._filesystem.put_file(str(staged), self.locate(path)), path)
        self._cache.adopt(staged, sha256, Path(path).suffix)

    def publish_bytes(self, content: bytes, path: str) -> None:
        """See `Storage`."""
        self._reach(lambda: self._filesystem.pipe_file(self.locate(path), content), path)

    def fetch(self, path: str, sha256: str) -> Path:
        """See `Storage`."""
        suffix = Path(path).suffix
        return self._cache.get(sha256, suffix) or self._download(path, sha256, suffix)

    def _download(self, path: str, sha256: str, suffix: str) -> Path:
        with self.staging() as folder:
            folder.mkdir(parents=True)
            staged = folder / "content"
            try:
                self._reach(lambda: self._filesystem.get_file(self.locate(path), str(staged)), path)
            except FileNotFoundError:
                staged.unlink(missing_ok=True)
            require_digest(staged, sha256, self.locate(path))
            return self._cache.adopt(staged, sha256, suffix)

    def digest(self, path: str) -> str | None:
        """See `Storage`; the object is read through, and not kept."""

        def read() -> str:
            with self._filesystem.open(self.locate(path), "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()

        try:
            return self._reach(read, path)
        except FileNotFoundError:
            return None

    def move(self, path: str, target: str) -> None:
        """See `Storage`; a copy and a deletion, since an object store renames nothing."""
        source, place = self.locate(path), self.locate(target)
        try:
            self._reach(lambda: self._filesystem.cp_file(source, place), path)
        except FileNotFoundError:
            return
        self.remove([path])

    def remove(self, paths: Iterable[str]) -> None:
        """See `Storage`."""
        there = [self.locate(path) for path in paths]
        if not there:
            return
        try:
            self._reach(lambda: self._filesystem.rm(there), there[0])
        except FileNotFoundError:
            # Some file systems say so when any of them is gone already.
            for place in there:
                if self._filesystem.exists(place):
                    self._reach(partial(self._filesystem.rm_file, place), place)

    def freshen(self, path: str) -> None:
        """See `Storage`; there is no other way than to write it again."""
        content = self.read(path)
        if content is not None:
            self.publish_bytes(content, path)

    def require_writable(self) -> None:
        """See `Storage`; a small object is written once by a process."""
        if self._writable:
            return
        try:
            self.publish_bytes(b"rlsd artifact store\n", _MARKER)
        except FileNotFoundError as error:
            raise ArtifactError(
                f"{self.url}: {error}; create the bucket first, or correct RLSD_STORE"
            ) from error
        self._writable = True

    def unfinished_uploads(self) -> list[StoredFile]:
        """See `Storage`; GCS ends its own after a week."""
        return [
            StoredFile(upload["Key"].removeprefix(self._prefix), 0, upload["Initiated"].timestamp())
            for upload in self._uploads()
        ]

    def abort_uploads(self, paths: Iterable[str], older_than: float) -> None:
        """See `Storage`."""
        wanted = {self._prefix + path for path in paths}
        for upload in self._uploads():
            if upload["Key"] in wanted and upload["Initiated"].timestamp() < older_than:
                self._filesystem.call_s3(
                    "abort_multipart_upload",
                    Bucket=self._bucket,
                    Key=upload["Key"],
                    UploadId=upload["UploadId"],
                )

    def _uploads(self) -> list[dict[str, Any]]:
        if not hasattr(self._filesystem, "call_s3"):
            return []
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            list_uploads = partial(
                self._filesystem.call_s3,
                "list_multipart_uploads",
                Bucket=self._bucket,
                Prefix=self._prefix,
                **after,
            )
            page = self._reach(list_uploads, "")
            found += page.get("Uploads", [])
            if not page.get("IsTruncated"):
                return found
            after = {
                "KeyMarker": page["NextKeyMarker"],
                "UploadIdMarker": page["NextUploadIdMarker"],
            }

    @property
    def _bucket(self) -> str:
        return self._root.lstrip("/").partition("/")[0]

    @property
    def _prefix(self) -> str:
        below = self._root.lstrip("/").partition("/")[2]
        return f"{below}/" if below else ""

    def _reach(self, action: Callable[[], Result], path: str) -> Result:
        """Do something over the network, again where the network is to blame.

        Raises:
            FileNotFoundError: There is no such object or bucket.
            ArtifactError: The operation fails.
        """
        for wait in (*_WAITS, None):
            try:
                return action()
            except FileNotFoundError:
                raise
            except Exception as error:
                if wait is None or isinstance(error, _LASTING) or _lacks_credentials(error):
                    raise self._unreachable(self.locate(path), error) from error
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _unreachable(self, place: str, error: Exception) -> ArtifactError:
        return ArtifactError(
            f"{place} cannot be reached: {error or type(error).__name__}; check the network, the "
            "credentials in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or "
            "AWS_PROFILE; GOOGLE_APPLICATION_CREDENTIALS), the endpoint (AWS_ENDPOINT_URL; "
            "STORAGE_EMULATOR_HOST) and the bucket's permissions, then go on: whatever is complete "
            "is kept"
        )


def _lacks_credentials(error: Exception) -> bool:
    """Whether an error of any client is about credentials; no client is imported for it."""
    return "Credential" in type(error).__name__


def _modified(info: Mapping[str, Any]) -> float:
    """Seconds since the epoch; the present time if unknown, so that no file counts as old."""
    for name in _MODIFIED:
        value = info.get(name)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return time.time()
