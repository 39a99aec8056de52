"""The pages that a record makes say what it says, in tables, pictures and in what is by hand."""

import re
from pathlib import Path

import pytest
from PIL import Image

from rlsd_pipeline.page.document import MARK, read_record, with_block
from rlsd_pipeline.page.pictures import pictures

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [record.parent.with_suffix(".md") for record in sorted(DOCS.glob("*/record.json"))]
"""Written again by `python docs/site/evidence.py`."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_block_is_that_of_the_record(page: Path) -> None:
    text = page.read_text()
    assert with_block(text, read_record(page), page.stem) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_pictures_are_those_of_the_record(page: Path) -> None:
    kept = {}
    for path in page.with_suffix("").glob("*.png"):
        with Image.open(path) as image:
            kept[path.stem] = image.info.get("Comment")
    assert kept == {name: one.digest for name, one in pictures(read_record(page)).items()}


def unfounded(text: str) -> list[str]:
    """The figures that a page names outside its block, and that the block does not have."""
    before, block, after = text.split(MARK)
    known = set(_figures(block))
    return [figure for figure in _figures(before + after) if figure not in known]


def _figures(text: str) -> list[str]:
    """Numbers with two decimals or more, without a leading zero: `0.74` is `.74`."""
    found = re.findall(r"(?<![\w./])\d?\.\d{2,}(?!\w|\.\w)", text)
    return [figure.removeprefix("0") for figure in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_is_written_by_hand_names_no_other_figure(page: Path) -> None:
    assert unfounded(page.read_text()) == []


def test_figures_outside_the_block_are_in_it() -> None:
    text = (
        f"It gains .016, and not 0.017 or −.74 or +.120 (arXiv 2604.03128, torch 2.14.1).\n{MARK}\n"
        f"0.016 and +0.120\n{MARK}\nThe end is at .739."
    )
    assert unfounded(text) == [".017", ".74", ".739"]
