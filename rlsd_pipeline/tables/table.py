"""A table of records: its columns, and its cells as text."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from rlsd_pipeline.statistics.intervals import UNBOUNDED_MARK
from rlsd_pipeline.tables.numbers import (
    ABSENT,
    Bounded,
    ends_of,
    p_value,
    percent,
    plain,
    true_minus,
    with_ends,
)

Cell = str | float | Bounded | None


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        head: Its name.
        value: Record -> its cell: text, a number, a number with its interval, or None.
        form: The format of its numbers; `<` marks a column of text, `p` one of p-values,
            `%` one of shares.
        meaning: What its numbers are; empty if the head says it.
    """

    head: str
    value: Callable[[Any], Cell]
    form: str = ".3f"
    meaning: str = ""

    @property
    def is_text(self) -> bool:
        """Whether its cells are text, which begins at the left."""
        return self.form == "<"


class Table(NamedTuple):
    """Records with the columns that show them.

    Attributes:
        title: Title of the table.
        columns: Its columns; the first ones name the rows.
        rows: The records.
        notes: Sentences that stand below it.
        keys: How many columns, from the first, name a row.
        together: How many of the others belong beside each other.
        ruled: Numbers of the rows that a rule separates from the row above.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Any] = ()
    notes: Sequence[str] = ()
    keys: int = 1
    together: int = 1
    ruled: Collection[int] = ()

    @property
    def heads(self) -> list[str]:
        """The names of the columns."""
        return [column.head for column in self.columns]

    def texts(self, absent: str = "-") -> list[list[str]]:
        """The cells as text; a negative number has a minus sign, and a name keeps its hyphens.

        Args:
            absent: The text of a cell without a value.
        """
        return [
            [
                cell if place < self.keys else true_minus(cell)
                for place, column in enumerate(self.columns)
                for cell in [text(column.value(row), column.form, absent)]
            ]
            for row in self.rows
        ]

    def significant(self) -> list[list[str]]:
        """The cells as text with three significant digits, whatever the form of their columns.

        An interval that the data do not bound is absent.
        """
        return [[_significant(column, row) for column in self.columns] for row in self.rows]


def value_at(*names: str) -> Callable[[Any], Any]:
    """Reads an attribute of an attribute of a record, and so on; None where one is missing.

    Args:
        names: Of the attributes, or keys where one of them is a mapping.
    """

    def read(record: Any) -> Any:
        for name in names:
            if isinstance(record, Mapping):
                record = record.get(name)
            elif record is not None:
                record = getattr(record, name)
        return record

    return read


def table_of_cells(
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    notes: Sequence[str] = (),
    *,
    form: str = "",
    **options: Any,
) -> Table:
    """A table whose records are rows of cells.

    Args:
        title: Title of the table.
        heads: Names of the columns.
        rows: As many cells a row as there are heads.
        notes: Sentences that stand below it.
        form: The format of all numbers.
        options: Further attributes of the table.
    """
    columns = [Column(head, itemgetter(place), form) for place, head in enumerate(heads)]
    return Table(title, columns, rows, notes, **options)


def text(value: Cell, form: str = ".3f", absent: str = "-") -> str:
    """A cell as text.

    Args:
        value: The cell.
        form: The format of its numbers.
        absent: The text of a missing value.
    """
    form = {"p": ".2g", "%": ".1%", "<": ""}.get(form, form)
    if value is None:
        return absent
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        if math.isnan(value):
            return absent
        return UNBOUNDED_MARK if math.isinf(value) else f"{value:{form}}"
    if (ends := ends_of(value)) is None:
        return f"{value.value:{form}} {UNBOUNDED_MARK}"
    return f"{value.value:{form}} [{ends[0]:{form}}, {ends[1]:{form}}]"


def _significant(column: Column, record: Any) -> str:
    value, form = column.value(record), column.form
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, int | float):
        return {"p": p_value, "%": percent}.get(form, plain)(value)
    return with_ends(value, sign=form.startswith("+")) if ends_of(value) else ABSENT
