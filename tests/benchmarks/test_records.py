"""The record of a table is written, read again, and shown as its columns say."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from benchmarks.records import (
    Cell,
    Column,
    Record,
    keep,
    marks,
    measured,
    read,
    with_records,
    write,
)


def record(*rows: list[Cell], leading_zero: bool = True) -> Record:
    interval = Column(head="area", show="{:+.3f} [{:+.3f}, {:+.3f}]")
    return Record(
        date=date(2026, 11, 5),
        command="make it",
        machine="two cores",
        leading_zero=leading_zero,
        columns=[Column(head="method"), interval],
        rows=rows,
    )


def test_numbers_are_shown_as_their_column_says() -> None:
    assert record(["rlsd", [-0.0051, -0.037, 0.0262]], ["grpo", "0"], ["vine", None]).block() == (
        "| method | area |\n|---|---|\n"
        "| rlsd | −0.005 [−0.037, +0.026] |\n| grpo | 0 |\n| vine |  |\n\n"
        "`make it`, 5 November 2026, two cores."
    )


def test_a_cell_may_have_a_format_of_its_own() -> None:
    assert "| rlsd | 12.3 of 4 |" in record(["rlsd", ["{:.1f} of {}", 12.34, 4]]).block()


def test_a_page_may_drop_leading_zeros() -> None:
    block = record(["0.5", [0.5, -0.25, 10.75]], leading_zero=False).block()
    assert "| 0.5 | +.500 [−.250, +10.750] |" in block


def test_a_row_needs_a_cell_a_column() -> None:
    with pytest.raises(ValueError, match="longer"):
        record(["rlsd"]).block()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = record(["rlsd", [1, 2.5, 3]], ["grpo", None])
    write(tmp_path / "it.json", made)
    assert read(tmp_path / "it.json").model_dump_json() == made.model_dump_json()
    (tmp_path / "it.json").write_text('{"date": "2026-11-05", "command": "x", "rates": []}')
    with pytest.raises(ValidationError, match="rates"):
        read(tmp_path / "it.json")


def test_a_page_gets_the_blocks_that_it_marks(tmp_path: Path) -> None:
    write(tmp_path / "it.json", record(["rlsd", [1, 2, 3]]))
    mark = "<!-- records/it -->"
    page = with_records(f"before\n\n{mark}\n{mark}\n\nafter", tmp_path)
    assert page.startswith(f"before\n\n{mark}\n\n| method | area |")
    assert page.endswith(f"two cores.\n\n{mark}\n\nafter")
    assert with_records(page, tmp_path) == page
    assert marks(page) == ["it"]
    with pytest.raises(FileNotFoundError):
        with_records("<!-- records/no -->\n<!-- records/no -->", tmp_path)


def test_what_was_measured_now_says_so(tmp_path: Path) -> None:
    keep(None, "make it", [("n", "{}")], [[1]])
    keep(tmp_path / "it.json", "make it", [("n", "{}")], [[1]])
    write(tmp_path / "said.json", measured("make it", printed=["a  1", "b  2"]))
    for name in ("it", "said"):
        found = read(tmp_path / f"{name}.json")
        assert found.date == date.today()
        assert len(found.commit or "") == 12
        assert not found.transcribed
    assert "```\na  1\nb  2\n```\n" in found.block()
