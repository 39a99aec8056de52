"""Tables that assets show, and their cells."""

from collections.abc import Iterable, Mapping
from math import isfinite

import dagster as dg

from rlsd_pipeline.tables.numbers import true_minus
from rlsd_pipeline.tables.table import Table

_WHOLE_FROM = 1000


def numbers(found: Mapping[str, float] | None) -> dict[str, dg.TableMetadataValue]:
    """The numbers of a stage as a table."""
    rows = [{"name": name, "value": digits(value)} for name, value in (found or {}).items()]
    return {"numbers": table_of_rows(rows)} if rows else {}


def digits(value: float) -> str:
    """A number in three digits, or whole: `0.0302`, `1,000`."""
    whole = isinstance(value, int) or abs(value) >= _WHOLE_FROM
    return true_minus(f"{value:,.0f}" if whole and isfinite(value) else f"{value:.3g}")


def shown(table: Table) -> dg.TableMetadataValue:
    """A declared table."""
    return table_of_rows(cells_by_head(table))


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
