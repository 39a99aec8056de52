"""Problems from a JSONL file: one question a line, images as paths relative to the file.

    {"question": "What colour is it?", "answer": "red", "image": "images/1.png"}

Keys: `question` and `answer`; optionally `image` or `images`, `id`, `solution`, `choices`, `split`,
`attributes` (free labels), `boxes` (`[left, top, right, bottom]` in pixels, one for each image) and
`cue` (a visual hint). A string may be written as a number. An image may also be in the row: as
base64, a data URL, or a dictionary with `bytes` or `path`.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from rlsd_pipeline.config.strict import describe
from rlsd_pipeline.data.image_values import read_image
from rlsd_pipeline.data.row import Row
from rlsd_pipeline.errors import DataError
from schemas.problem import Problem

_PROBLEMS_SHOWN = 10
_HALF = re.compile("[\ud800-\udfff]")
"""Surrogates: JSON can escape one alone, and nothing can write it."""


class _RowError(ValueError):
    """The fault of an object that is valid JSON."""


class _Line(NamedTuple):
    """A line that is not blank, and where it stands."""

    place: str
    data: bytes


def read_jsonl(path: Path, *, limit: int | None = None) -> Iterator[Problem]:
    """The problems of a file, after every row has been checked.

    The file is read twice, so that neither a damaged row late in it surfaces after hours of
    work nor all images have to be in memory at once.

    Args:
        path: The file.
        limit: Take only the first this many rows; the others are not looked at.

    Raises:
        DataError: Rows are invalid; one message has the first ten faults and their number.
    """
    _check_all(path, limit)
    return (_problem(line, path.parent) for line in islice(_lines(path), limit))


def _check_all(path: Path, limit: int | None) -> None:
    problems: list[str] = []
    first_place: dict[str, str] = {}
    for line in islice(_lines(path), limit):
        try:
            name = _problem(line, path.parent).problem_id
            if name in first_place:
                raise DataError(
                    f"{line.place}: id {name!r} is already taken by {first_place[name]}"
                )
            first_place[name] = line.place
        except DataError as error:
            problems.append(str(error))
    if problems:
        hidden = len(problems) - _PROBLEMS_SHOWN
        more = [f"and {hidden} more"] if hidden > 0 else []
        raise DataError("\n".join([*problems[:_PROBLEMS_SHOWN], *more]))
    if not first_place:
        raise DataError(f"{path} holds no rows")


def _lines(path: Path) -> Iterator[_Line]:
    try:
        with path.open("rb") as file:
            for number, data in enumerate(file, start=1):
                if data.strip():
                    yield _Line(f"{path.name} line {number}", data)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _problem(line: _Line, folder: Path) -> Problem:
    return _row(line).problem(lambda value, index: read_image(value, folder, line.place, index))


def _row(line: _Line) -> Row:
    try:
        # Numbers stay as they are written: 0.10 is another answer than 0.1.
        data = json.loads(
            line.data.decode("utf-8-sig"),
            parse_int=str,
            parse_float=str,
            parse_constant=_absent,
            object_pairs_hook=_once,
        )
        if isinstance(data, dict):
            data = {key: value for key, value in data.items() if value is not None}
        return Row.model_validate(data)
    except _RowError as error:
        raise DataError(f"{line.place}: {error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{line.place}: not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{line.place}: not JSON ({error.msg}, column {error.colno})") from error
    except RecursionError as error:
        raise DataError(f"{line.place}: not JSON that can be read (nested too deeply)") from error
    except ValidationError as error:
        raise DataError(describe(error, Row, line.place)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON in which every key stands once, and all text can be written."""
    held = dict(pairs)
    if len(held) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _RowError(f"{twice!r} is given twice, and only the last would count: keep one")
    for name, value in held.items():
        if _HALF.search(name) or (isinstance(value, str) and _HALF.search(value)):
            key = name.encode(errors="backslashreplace").decode()
            raise _RowError(
                f"{key}: {str(value)[:60]!r} holds half of a pair of characters, which is no text"
            )
    return held


def _absent(constant: str) -> None:
    """NaN is how table libraries write that there is no value."""
