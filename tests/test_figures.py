"""A table of figures is that of a record, or says here why it is not."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import fidelity_tables
from benchmarks.interval_coverage import document as coverage
from benchmarks.records import FOLDER, marks, with_records
from rlsd_pipeline.page import document as pages
from tests.test_documents import DOCUMENTS, ROOT

FREE = {
    ("docs/configuration.md", ""): "written by docs/site/configuration.py, and held to it",
    ("docs/evaluation.md", "benchmark | from"): "`make conformance` asserts each figure",
    ("docs/method.md", "| RLSD, paper"): "settings that the paper and its script declare",
}
"""Page and how its table begins -> why no record holds the numbers; the whole page where empty."""

_NUMBER = re.compile(r"\**[+−-]?[\d,]*\.?\d+(?![\w-])")
_INTERVAL = re.compile(r"\d \[[+−-]?\d*\.\d+, ")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def held(page: Path) -> list[str]:
    """The marks of the blocks that a test compares with what made them."""
    found = [f"<!-- records/{name} -->" for name in marks(page.read_text())]
    found += [f"<!-- {name} -->" for name in fidelity_tables.DOCUMENTS.get(page, ())]
    if page == coverage.DOCUMENT:
        found.append(coverage.MARK)
    if (page.with_suffix("") / "record.json").exists():
        found.append(pages.MARK)
    return found


def tables(text: str, blocks: list[str]) -> Iterator[str]:
    """The tables with figures, and what was printed with intervals, outside of some blocks."""
    for mark in blocks:
        text = re.sub(f"{mark}.*?{mark}", "", text, flags=re.DOTALL)
    for printed in re.findall(r"^```\w*\n.*?^```$", text, re.DOTALL | re.MULTILINE):
        if _INTERVAL.search(printed):
            yield printed
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        cells = [cell.strip() for line in table.splitlines()[2:] for cell in line.split("|")]
        if any(_NUMBER.match(cell) for cell in cells):
            yield table


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_tables_are_those_of_their_records(page: Path) -> None:
    """Written again by `python docs/site/evidence.py`."""
    text = page.read_text()
    assert with_records(text) == text


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_no_table_of_figures_is_without_a_record(page: Path) -> None:
    free = tuple(f"| {begins}" for where, begins in FREE if where == name_of(page) and begins)
    whole = (name_of(page), "") in FREE
    found = [] if whole else list(tables(page.read_text(), held(page)))
    assert [table for table in found if not table.startswith(free or ("\0",))] == []


@pytest.mark.parametrize(("where", "begins"), FREE)
def test_a_table_that_needs_no_record_is_there(where: str, begins: str) -> None:
    assert any(t.startswith(f"| {begins}") for t in tables((ROOT / where).read_text(), []))


def test_every_record_is_shown() -> None:
    shown = [name for page in DOCUMENTS for name in marks(page.read_text())]
    assert sorted(shown) == sorted(path.stem for path in FOLDER.glob("*.json"))


def test_figures_outside_of_a_block_are_found() -> None:
    measured = "| a | b |\n|---|---|\n| x | +.05 [.01, .09] |\n"
    said = "| a | b |\n|---|---|\n| x | `3` and so on |\n"
    assert list(tables(f"{said}\n{measured}", [])) == [measured]
    assert list(tables(f"<!-- k -->\n{measured}\n<!-- k -->\n\n{said}", ["<!-- k -->"])) == []
    printed = "```\nbase  0.377 [0.355, 0.399]\n```"
    assert list(tables(printed, [])) == [printed]
