import hashlib
import os
import time
from pathlib import Path

import pytest

from rlsd_pipeline.identity import files
from rlsd_pipeline.identity.files import content_digest, file_digest, path_digest


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read, not looked up."""
    names: list[str] = []
    real = files.file_sha256

    def counted(path: Path) -> str:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(files, "file_sha256", counted)
    return names


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files were written long ago."""
    now = time.time()
    monkeypatch.setattr("rlsd_pipeline.identity.files.time.time", lambda: now + 60)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "weights"
    path.parent.mkdir()
    path.write_bytes(b"first content")
    return path


def test_a_large_file_is_read_once(file: Path, read: list[str], settled: None) -> None:
    assert [file_digest(file) for _ in range(3)] == [sha256(b"first content")] * 3
    assert read == ["weights"]


def test_a_small_file_is_read_each_time(file: Path, read: list[str], settled: None) -> None:
    file.write_bytes(b"abc")
    assert [file_digest(file), file_digest(file)] == [sha256(b"abc")] * 2
    assert len(read) == 2


def test_what_was_written_a_moment_ago_is_not_kept(file: Path, read: list[str], kept: Path) -> None:
    file_digest(file)
    file_digest(file)
    assert len(read) == 2
    assert not kept.exists()


def test_a_rewritten_file_is_noticed_whatever_its_size_and_date(
    file: Path, read: list[str], settled: None
) -> None:
    first = file_digest(file)
    before = file.stat()
    file.write_bytes(b"other content")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert file_digest(file) == sha256(b"other content") != first


def test_a_file_put_in_the_place_of_another_is_noticed(file: Path, settled: None) -> None:
    file_digest(file)
    other = file.with_name("other")
    other.write_bytes(b"other content")
    other.replace(file)
    assert file_digest(file) == sha256(b"other content")


@pytest.mark.parametrize("content", ["", "[]", '{"weights": 3}', '{"weights": [[1], 2]}'])
def test_a_damaged_record_keeps_nothing(
    file: Path, kept: Path, settled: None, content: str
) -> None:
    file_digest(file)
    (record,) = kept.iterdir()
    record.write_text(content)
    assert file_digest(file) == sha256(b"first content")


def test_without_a_place_for_records_files_are_read(
    file: Path, read: list[str], kept: Path, settled: None
) -> None:
    kept.write_text("in the way")
    assert [file_digest(file), file_digest(file)] == [sha256(b"first content")] * 2
    assert len(read) == 2


def test_a_folder_is_its_files_with_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "in").mkdir(parents=True)
    (folder / "b").write_bytes(b"2")
    (folder / "in" / "a").write_bytes(b"1")
    expected = hashlib.sha256(
        b"b" + hashlib.sha256(b"2").digest() + b"in/a" + hashlib.sha256(b"1").digest()
    ).hexdigest()
    assert path_digest(folder) == expected
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    assert path_digest(folder) == expected
    assert content_digest(folder, [folder / "b"]) != expected
    (folder / "b").rename(folder / "c")
    assert path_digest(folder) != expected


def test_a_file_alone(file: Path) -> None:
    content = hashlib.sha256(b"." + hashlib.sha256(b"first content").digest())
    assert path_digest(file) == content.hexdigest()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "absent")
