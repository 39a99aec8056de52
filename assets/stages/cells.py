"""Tables that assets show, and their cells."""

from collections.abc import Iterable, Mapping
from math import isfinite

import dagster as dg

from rlsd_pipeline.tables.numbers import true_minus
from rlsd_pipeline.tables.table import Table

_WHOLE_FROM = 1000

_PAGE, _LETTER, _HEAD_LETTER, _PADDING = 405.0, 8.43, 7.23, 13.0
"""Pixels: of the column of values on an asset's page that is 1,400 wide; of a letter in a cell and
in a head; beside the text of a column."""


def numbers(found: Mapping[str, float] | None) -> dict[str, dg.TableMetadataValue]:
    """The numbers of a stage as a table."""
    rows = [{"name": name, "value": digits(value)} for name, value in (found or {}).items()]
    return {"numbers": table_of_rows(rows)} if rows else {}


def digits(value: float) -> str:
    """A number in three digits, or whole: `0.0302`, `1,000`."""
    whole = isinstance(value, int) or abs(value) >= _WHOLE_FROM
    return true_minus(f"{value:,.0f}" if whole and isfinite(value) else f"{value:.3g}")


def shown(table: Table) -> dict[str, dg.TableMetadataValue]:
    """A declared table by its title, in as many parts as the page needs.

    What names a row is in each part. The page gives the values of all metadata the width of the
    widest, and cuts off what is beyond its own.
    """
    rows = cells_by_head(table)
    keys, rest = table.heads[: table.keys], table.heads[table.keys :]
    widths = {head: _width(head, [str(row[head]) for row in rows]) for head in table.heads}
    parts: list[list[str]] = [[]]
    for head in rest:
        if parts[-1] and sum(widths[each] for each in [*keys, *parts[-1], head]) > _PAGE:
            parts.append([])
        parts[-1].append(head)
    return {
        f"{table.title}, part {number}" if number > 1 else table.title: table_of_rows(
            {head: row[head] for head in (*keys, *heads)} for row in rows
        )
        for number, heads in enumerate(parts, start=1)
    }


def _width(head: str, cells: Iterable[str]) -> float:
    """The least width of a column in pixels: cells are folded at spaces, heads are not."""
    words = (len(word) for cell in cells for word in cell.split(" "))
    return _PADDING + max(_HEAD_LETTER * len(head), _LETTER * max(words, default=0))


def table_of_rows(rows: Iterable[Mapping[str, str | int]]) -> dg.TableMetadataValue:
    """Rows of cells by the names of their columns."""
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows])


def cells_by_head(table: Table) -> list[dict[str, str | int]]:
    """The cells of each row by the names of the columns; whole numbers stay numbers."""
    return [
        {
            column.head: value if isinstance(value := column.value(record), int) else cell
            for column, cell in zip(table.columns, cells, strict=True)
        }
        for record, cells in zip(table.rows, table.texts(), strict=True)
    ]
