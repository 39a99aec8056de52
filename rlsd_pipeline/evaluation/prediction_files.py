"""The entries of a file of predictions, in the layouts in which authors publish theirs.

JSON lines            {"id": "7", "response": "The answer is 12."}
a JSON list           [{"question number": 7, "response": "Answer: B"}, ...]
an object by id       {"7": {"response": "The answer is 12."}, ...}, MathVista's
answers by id         {"validation_Art_1": "B", ...}, MMMU's: answers that are extracted already
a folder              SUBJECT/output.json, MMMU's: one list a subject
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rlsd_pipeline.errors import DataError

_LONGEST_LINE = 64 * 2**20
"""Bytes; a longer line is refused before it is all in memory."""
_LONGEST_DOCUMENT = 512 * 2**20
"""Bytes of a file that is one JSON document, which is read whole."""
_OPENINGS = (b"[", b"{")
_OF_A_ROW = ("id", "response", "extraction")


class Entry(NamedTuple):
    """One prediction as in its file.

    Attributes:
        data: Its keys and values; numbers as the file spells them.
        place: Where it stands, for messages.
    """

    data: dict[str, Any]
    place: str


def read_entries(path: Path, id_column: str) -> Iterator[Entry]:
    """The entries of a file or folder, each with its question's id under `id`.

    Args:
        path: The file, or a folder of MMMU's layout.
        id_column: What the benchmark's rows call the id, such as `pid`.

    Raises:
        DataError: The file cannot be read, or holds no predictions.
    """
    try:
        if path.is_dir():
            entries = _folder(path)
        elif _is_document(path, id_column):
            entries = _document(path)
        else:
            entries = _lines(path)
        for entry in entries:
            data = entry.data
            yield entry if "id" in data else entry._replace(data=_with_id(data, id_column))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _with_id(data: dict[str, Any], id_column: str) -> dict[str, Any]:
    return {"id": data[id_column], **data} if id_column in data else data


def _folder(path: Path) -> Iterator[Entry]:
    files = sorted(path.glob("*/output.json"))
    if not files:
        raise DataError(
            f"{path} holds no */output.json: a folder of predictions must have MMMU's layout, "
            "SUBJECT/output.json; otherwise name a file"
        )
    for file in files:
        for entry in _document(file):
            yield entry._replace(place=f"{file.parent.name}/{entry.place}")


def _is_document(path: Path, id_column: str) -> bool:
    """Whether a file is one JSON value, and not one a line."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE + 1).strip().removeprefix(b"\xef\xbb\xbf")
        more = bool(file.read(1))
    if first in _OPENINGS and more:
        return True
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        # A list whose first line goes on in the next.
        return first.startswith(b"[") and more and b"{" in first
    if isinstance(value, list):
        return not more
    return isinstance(value, dict) and not any(key in value for key in (*_OF_A_ROW, id_column))


def _document(path: Path) -> Iterator[Entry]:
    if path.stat().st_size > _LONGEST_DOCUMENT:
        limit = f"{_LONGEST_DOCUMENT // 2**20} MiB"
        raise DataError(f"{path.name}: longer than {limit}; write one JSON object a line")
    whole = _value(path.read_bytes(), path.name)
    if isinstance(whole, dict):
        for key, value in whole.items():
            place = f"{path.name} id {key!r}"
            yield Entry({"id": key, **_keyed_object(value, place)}, place)
        return
    for number, value in enumerate(whole, start=1):
        place = f"{path.name} item {number}"
        yield Entry(_object(value, place), place)


def _keyed_object(value: Any, place: str) -> dict[str, Any]:
    # MMMU's file of answers holds the letter or phrase alone.
    return {"extraction": value} if isinstance(value, str) else _object(value, place)


def _lines(path: Path) -> Iterator[Entry]:
    with path.open("rb") as file:
        number = 0
        while data := file.readline(_LONGEST_LINE + 1):
            number += 1
            place = f"{path.name} line {number}"
            if len(data) > _LONGEST_LINE:
                raise DataError(f"{place}: longer than {_LONGEST_LINE // 2**20} MiB")
            if data.strip():
                yield Entry(_object(_value(data, place), place), place)


def _value(data: bytes, place: str) -> Any:
    try:
        # Numbers stay as they are written: 0.10 is another answer than 0.1.
        return json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str)
    except UnicodeDecodeError as error:
        raise DataError(f"{place}: not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise DataError(f"{place}: not JSON ({error.msg}, {line}column {error.colno})") from error
    except RecursionError as error:
        raise DataError(f"{place}: not JSON that can be read (nested too deeply)") from error


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{place}: not a JSON object, but {type(value).__name__}")
    return value
