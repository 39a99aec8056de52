"""Digests of files and folders. A large file is read once, and again when it was written since."""

import contextlib
import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from rlsd_pipeline.artifacts.fingerprint import file_sha256

CACHE = "~/.cache/rlsd_pipeline/digests"

_LARGE = 2**20
"""Bytes from which a digest is worth keeping."""

_SETTLED_SECONDS = 2.0
"""A file that was written so lately may be written again within one tick of its clock, and would
look the same: its digest is not kept."""

Stamp = list[int]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        OSError: It cannot be read.
    """
    (digest,) = file_digests([path])
    return digest


def file_digests(paths: Sequence[Path]) -> list[str]:
    """SHA-256 of each file's bytes.

    The digest of a large file is kept below the user's home, with the file's size, inode and both
    of its times. The second, of the last change to the inode, is set by the system alone: a file
    that was rewritten and given its former date is read again.

    Raises:
        OSError: One cannot be read.
    """
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        folders[path.absolute().parent].append(path)
    found: dict[Path, str] = {}
    for folder, files in folders.items():
        found |= _of_folder(folder, files)
    return [found[path] for path in paths]


def content_digest(root: Path, files: Iterable[Path]) -> str:
    """Digest of files and of their names below a folder.

    Raises:
        OSError: One cannot be read.
    """
    several = sorted(set(files))
    digest = hashlib.sha256()
    for file, sha256 in zip(several, file_digests(several), strict=True):
        digest.update(str(file.relative_to(root)).encode())
        digest.update(bytes.fromhex(sha256))
    return digest.hexdigest()


def path_digest(path: Path) -> str:
    """The content of a file, or of all files of a folder with their names; hidden ones aside.

    Raises:
        OSError: One cannot be read.
    """
    if path.is_file():
        return content_digest(path, [path])
    found = (p for p in path.rglob("*") if not _hidden(p.relative_to(path)) and p.is_file())
    return content_digest(path, found)


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _of_folder(folder: Path, files: Iterable[Path]) -> dict[Path, str]:
    known = _read(folder)
    found: dict[Path, str] = {}
    changed = False
    for path in files:
        before = path.stat()
        stamp = _stamp(before)
        kept = known.get(path.name)
        if kept is not None and kept[0] == stamp:
            found[path] = kept[1]
            continue
        found[path] = file_sha256(path)
        written = max(before.st_mtime, before.st_ctime)
        settled = 0 <= written < time.time() - _SETTLED_SECONDS
        if before.st_size >= _LARGE and settled and _stamp(path.stat()) == stamp:
            known[path.name] = (stamp, found[path])
            changed = True
    if changed:
        _write(folder, known)
    return found


def _stamp(status: os.stat_result) -> Stamp:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _record(folder: Path) -> Path:
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
    return Path(CACHE).expanduser() / f"{name}.json"


def _read(folder: Path) -> dict[str, tuple[Stamp, str]]:
    """The recorded digests of a folder's files; a damaged record is empty."""
    with contextlib.suppress(OSError, RuntimeError, ValueError, TypeError, AttributeError):
        kept = json.loads(_record(folder).read_bytes())
        return {str(name): (list(stamp), str(digest)) for name, (stamp, digest) in kept.items()}
    return {}


def _write(folder: Path, known: dict[str, tuple[Stamp, str]]) -> None:
    """Keep digests where there is a place for them; without one, files are read each time."""
    with contextlib.suppress(OSError, RuntimeError):
        record = _record(folder)
        record.parent.mkdir(parents=True, exist_ok=True)
        partial = record.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(known))
        partial.replace(record)
