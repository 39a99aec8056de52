"""The pages that a record makes say what it says, in tables, pictures and in what is by hand."""

from pathlib import Path

import pytest
from PIL import Image

from rlsd_pipeline.page.document import read_record, unfounded, with_block
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


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_is_written_by_hand_names_no_other_figure(page: Path) -> None:
    assert unfounded(page.read_text()) == []
