"""Finds the files that a one-file table names, without reading its other columns.

Nothing is checked here: an unreadable row names no file, and the reader reports it later.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def named_files(table: Path, columns: Sequence[str]) -> set[str]:
    """Relative paths below a table's folder in some columns.

    Args:
        table: A CSV, JSON, JSON lines or Parquet file.
        columns: Names of columns; a dot leads into a struct.

    Raises:
        OSError: The table cannot be read.
    """
    # A dot leads into a struct, or is a part of the column's name.
    tops = {top for column in columns for top in (column, column.partition(".")[0])}
    found: set[str] = set()
    with suppress(ValueError, RecursionError, csv.Error, pa.ArrowException):
        for value in _values(table, tops):
            found.update(_texts(value))
    return {name for text in found if _is_below(name := _relative(text, table.parent))}


def _values(table: Path, tops: set[str]) -> Iterator[Any]:
    match table.suffix:
        case ".parquet":
            yield from _parquet(table, tops)
        case ".csv":
            # The module's own limit would end the reading at the first long text.
            csv.field_size_limit(sys.maxsize)
            with table.open(encoding="utf-8-sig", newline="") as lines:
                for row in csv.DictReader(lines):
                    yield from (row.get(top) for top in tops)
        case _:
            yield from _json(table, tops)


def _json(table: Path, tops: set[str]) -> Iterator[Any]:
    """One value a line, or one that fills the file; the ending does not say which."""
    lines_are_values = True
    with table.open("rb") as lines:
        for line in lines:
            try:
                yield from _under(json.loads(line), tops)
            except (ValueError, RecursionError):
                lines_are_values = lines_are_values and not line.strip()
    if not lines_are_values:
        yield from _under(json.loads(table.read_bytes()), tops)


def _parquet(table: Path, tops: set[str]) -> Iterator[Any]:
    """The text of the columns; encoded images beside it are not read."""
    with pq.ParquetFile(table) as file:
        leaves = [
            leaf.path
            for leaf in (file.schema.column(index) for index in range(len(file.schema)))
            if leaf.path.partition(".")[0] in tops and leaf.logical_type.type == "STRING"
        ]
        for batch in file.iter_batches(columns=leaves) if leaves else ():
            yield from batch.to_pylist()


def _under(value: Any, tops: set[str]) -> Iterator[Any]:
    """The values of some keys at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from _under(each, tops)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            if key in tops:
                yield held
            else:
                yield from _under(held, tops)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _of_all(value.values())
    elif isinstance(value, list):
        yield from _of_all(value)


def _of_all(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _texts(value)


def _relative(name: str, folder: Path) -> str:
    """The name, without the folder that it may begin with."""
    return name.removeprefix(f"{folder.absolute()}/").removeprefix(f"{folder.resolve()}/")


def _is_below(name: str) -> bool:
    """Whether a text can be a path below the table's folder, and no encoded image."""
    path = Path(name)
    short = len(name) <= 4096 and "\0" not in name and max(map(len, path.parts), default=999) < 256
    return short and not path.is_absolute() and ".." not in path.parts
