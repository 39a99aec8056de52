"""The files of a page: Markdown with a block between two marks, its record and its pictures.

    PAGE.md                 what is written by hand, and the block
    PAGE/record.json        every number of the block
    PAGE/*.png              its pictures

Text outside the block stays as it is. Where it names a figure, the block must have that
figure (tests/test_pages.py).
"""

import json
from pathlib import Path

from pydantic import ValidationError

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.page.pictures import pictures
from rlsd_pipeline.page.record import Record
from rlsd_pipeline.page.sections import page_text
from rlsd_pipeline.whole_file import write_whole

MARK = "<!-- record -->"
"""Stands before and after the block."""


def write_page(record: Record, path: Path) -> None:
    """Write the block, the record and the pictures; a picture of an earlier record is removed.

    Args:
        record: All numbers.
        path: The Markdown file; a new one gets a heading.

    Raises:
        ConfigError: The file exists and has no block.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else _new(record)
    folder = path.with_suffix("")
    page = with_block(text, record, folder.name, str(path))
    drawn = pictures(record)
    for name, picture in drawn.items():
        write_whole(folder / f"{name}.png", picture.file())
    write_whole(folder / "record.json", _json(record))
    write_whole(path, page)
    for old in folder.glob("*.png"):
        if old.stem not in drawn:
            old.unlink()


def read_record(path: Path) -> Record:
    """The record of a page.

    Args:
        path: The Markdown file.

    Raises:
        ConfigError: There is none, or it is not one.
    """
    file = path.with_suffix("") / "record.json"
    try:
        return Record.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{file}: cannot be read as the record of a page: {error}") from error


def with_block(text: str, record: Record, folder: str, source: str = "the page") -> str:
    """A page's text with the block of a record.

    Args:
        text: With or without an earlier block.
        record: All numbers.
        folder: Where record and pictures are, as the page links to them.
        source: Name of the page in messages.

    Raises:
        ConfigError: The text does not have the mark twice.
    """
    parts = text.split(MARK)
    if len(parts) != 3:
        raise ConfigError(
            f"{source}: expected {MARK} twice, around what is generated, and found it "
            f"{len(parts) - 1} times: put both where the tables shall stand"
        )
    return f"{parts[0]}{MARK}\n\n{page_text(record, folder)}\n\n{MARK}{parts[2]}"


def _json(record: Record) -> str:
    return json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def _new(record: Record) -> str:
    return f"# {record.experiment}\n\n{MARK}\n{MARK}\n"
