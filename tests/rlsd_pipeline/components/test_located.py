"""A path among the settings of a component."""

from pathlib import Path

import pytest

from rlsd_pipeline.components.component import Component, identity
from rlsd_pipeline.components.located import LocatedPath
from rlsd_pipeline.errors import DataError


class Reads(Component):
    """Reads a file."""

    path: LocatedPath
    """Which."""


def test_it_begins_at_the_yaml_and_counts_by_content(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("one")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "words.txt").write_text("one")
    here = Reads.model_validate({"path": "words.txt"}, context={"folder": tmp_path})
    there = Reads.model_validate({"path": "words.txt"}, context={"folder": tmp_path / "elsewhere"})
    assert here.path == str(tmp_path / "words.txt")
    assert here.model_dump()["path"] == here.path
    assert identity(here)["path"] == identity(there)["path"]
    (tmp_path / "words.txt").write_text("two")
    assert identity(here)["path"] != identity(there)["path"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = Reads(path=str(tmp_path / "none.txt"))
    with pytest.raises(DataError, match=r"none\.txt cannot be read: No such file"):
        identity(missing)
