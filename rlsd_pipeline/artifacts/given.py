"""Reads a table that a user wrote, and casts it to the types of a record."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlsd_pipeline.artifacts.columns import arrow_schema, table_columns
from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import DataError
from schemas.record import Record


def read_table(record: type[Record], file: Path) -> pa.Table:
    """Read Parquet or JSON Lines; columns that may be null may be absent.

    Args:
        record: What each row must be; its values are checked when the table is written.
        file: Where the rows are.

    Raises:
        DataError: The file cannot be read, or a column is absent, unknown or of another type;
            names the row where there is one.
    """
    try:
        columns = _jsonl(file) if file.suffix == ".jsonl" else _parquet(file)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{file} cannot be read as {file.suffix[1:]}: {error}") from error
    schema = arrow_schema(record)
    for name in columns:
        if name not in schema.names:
            hint = nearest(name, schema.names, "columns")
            raise DataError(f"{file}: unknown column {name!r} of {record.__name__}; {hint}")
    rows = max(map(len, columns.values()), default=0)
    if rows == 0:
        raise DataError(f"{file} has no rows")
    for column in table_columns(record):
        if column.name not in columns:
            if not column.nullable:
                raise DataError(
                    f"{file}: the column {column.name} of {record.__name__} is missing; "
                    f"found {', '.join(columns)}"
                )
            columns[column.name] = pa.nulls(rows)
    arrays = [_typed(file, field, columns[field.name]) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _parquet(file: Path) -> dict[str, Any]:
    table = pq.read_table(file)
    return {name: table[name] for name in table.column_names}


def _jsonl(file: Path) -> dict[str, Any]:
    """The values of each column; one that a row lacks is null there."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{file}: row {number} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataError(f"{file}: row {number} is no JSON object with the columns as keys")
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _typed(file: Path, field: pa.Field, values: Any) -> pa.Array:
    """A column in the type that it must have; each value of another type is refused by its row."""
    try:
        return values.cast(field.type) if hasattr(values, "cast") else pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        listed = values.to_pylist() if hasattr(values, "to_pylist") else values
    for row, value in enumerate(listed):
        try:
            pa.array([value], field.type)
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            raise DataError(
                f"{file}: row {row}, column {field.name}: {str(value)[:60]!r} is no {field.type}: "
                f"{error}"
            ) from error
    return pa.array(listed, field.type)
