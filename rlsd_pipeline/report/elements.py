"""What the page's templates call to make text of cells and sentences."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from rlsd_pipeline.tables.table import Cell, Table

_COMMAND = re.compile("`([^`]+)`")
_NUMBER = re.compile(r"[+−-]?[\d.∞]|[<–]")
_SMALL = re.compile(r"\[[+−]?[\d.∞–][^\[\]]*\]|^\S+ →")
"""An interval, or what was before a correction."""


class Cells(NamedTuple):
    """A table as its template reads it.

    Attributes:
        rows: The cells, escaped.
        numbers: Whether a column holds numbers, which stand to the right.
    """

    rows: list[list[Markup]]
    numbers: list[bool]


def cells(shown: Table) -> Cells:
    """The cells of a declared table, with three significant digits."""
    rows = shown.significant()
    numbers = [all(_NUMBER.match(row[at]) for row in rows) for at in range(len(shown.columns))]
    return Cells([[_small(cell) for cell in row] for row in rows], numbers)


def values(shown: Table) -> list[list[Cell]]:
    """The cells of a declared table before they are rounded."""
    return [[column.value(record) for column in shown.columns] for record in shown.rows]


def equal_rows(rows: Iterable[Sequence[object]]) -> list[str]:
    """The names, first in each row, of rows that say the same: `a and b`."""
    named: dict[tuple[object, ...], list[str]] = {}
    for name, *rest in rows:
        named.setdefault(tuple(rest), []).append(str(name))
    return [" and ".join(names) for names in named.values() if len(names) > 1]


def with_code(text: str) -> Markup:
    """A sentence whose commands in backticks are code."""
    return Markup(_COMMAND.sub(r"<code>\1</code>", str(escape(text))))


def _small(text: str) -> Markup:
    return Markup(_SMALL.sub(r"<small>\g<0></small>", str(escape(text))))
