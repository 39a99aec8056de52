import os
import time
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts.cache import FileCache
from rlsd_pipeline.artifacts.fingerprint import file_sha256

MEGABYTE = 10**6


def adopt(cache: FileCache, content: bytes, age: float = 0.0) -> tuple[str, Path]:
    """Put content into the cache as if it had last been used some time ago."""
    staged = cache.folder / "staged"
    cache.folder.mkdir(parents=True, exist_ok=True)
    staged.write_bytes(content)
    sha256 = file_sha256(staged)
    path = cache.adopt(staged, sha256, ".bin")
    os.utime(path, (time.time() - age,) * 2)
    return sha256, path


def test_the_least_recently_used_make_room(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, limit=3 * MEGABYTE)
    old = [adopt(cache, bytes([i]) * MEGABYTE, age=3600 + i) for i in range(3)]
    # The oldest is used, so that another one is the oldest.
    assert cache.get(old[2][0], ".bin") == old[2][1]
    adopt(cache, b"n" * MEGABYTE)
    assert [path.exists() for _, path in old] == [True, False, True]


def test_what_was_just_used_stays_beyond_the_bound(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, limit=2 * MEGABYTE)
    paths = [adopt(cache, bytes([i]) * MEGABYTE)[1] for i in range(4)]
    assert all(path.exists() for path in paths)


def test_a_damaged_copy_is_no_copy(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    sha256, path = adopt(cache, b"content")
    assert cache.get(sha256, ".bin") == path
    path.chmod(0o644)
    path.write_bytes(b"tnetnoc")
    assert cache.get(sha256, ".bin") is None
    assert cache.get("0" * 64, ".bin") is None


def test_a_use_does_not_make_a_file_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FileCache(tmp_path)
    sha256, path = adopt(cache, b"content")
    assert cache.get(sha256, ".bin") == path

    def read(path: Path) -> str:
        raise AssertionError("it was read again")

    monkeypatch.setattr("rlsd_pipeline.artifacts.verified.file_sha256", read)
    assert cache.get(sha256, ".bin") == path
