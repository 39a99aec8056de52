"""A file is replaced in one step."""

from pathlib import Path

import pytest

from rlsd_pipeline.whole_file import write_whole


def test_text_and_bytes_are_written_into_a_folder_that_was_not_there(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "new" / "page.md", "λ\n")
    assert (path, path.read_bytes()) == (tmp_path / "new" / "page.md", b"\xce\xbb\n")
    assert write_whole(path, b"\x89PNG").read_bytes() == b"\x89PNG"
    assert list(path.parent.iterdir()) == [path]


def test_what_was_there_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_whole(tmp_path / "page.md", "before")

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, "after")
    assert path.read_text() == "before"
