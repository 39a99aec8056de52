"""Arrow tables of records: built from columns, read back as rows, compared token by token."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts.columns import arrow_schema, columns_beside
from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.errors import AlignmentError, ArtifactError
from schemas.record import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)
ColumnValues: TypeAlias = Sequence[Any] | np.ndarray | pa.Array | pa.ChunkedArray

_ROWS_AT_ONCE = 256


def to_table(record: type[Record], columns: Mapping[str, ColumnValues]) -> pa.Table:
    """Build a record's table from its columns, converted to their physical types.

    Args:
        record: The record whose fields name the columns.
        columns: Values of each field, and of columns that may stand beside them; a list column
            takes a sequence of sequences or of one-dimensional arrays, a nullable one takes None.
            A field that has a default may be left out.
    """
    schema = arrow_schema(record, columns_beside(record, columns))
    columns = _left_out(record, columns) | dict(columns)
    if set(columns) != set(schema.names):
        raise ArtifactError(
            f"{record.__name__}: got the columns {sorted(columns)}, need exactly {schema.names}"
        )
    arrays = [_convert(record, field, columns[field.name]) for field in schema]
    lengths = {field.name: len(array) for field, array in zip(schema, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ArtifactError(f"{record.__name__}: the columns differ in length: {lengths}")
    return pa.Table.from_arrays(arrays, schema=schema)


def _left_out(record: type[Record], columns: Mapping[str, ColumnValues]) -> dict[str, list[Any]]:
    """The fields with a default that are not among the columns."""
    rows = len(next(iter(columns.values()), []))
    return {
        name: [field.get_default(call_default_factory=True)] * rows
        for name, field in record.model_fields.items()
        if name not in columns and not field.is_required()
    }


def record_table(record: type[AnyRecord], records: Sequence[AnyRecord]) -> pa.Table:
    """Records as their table."""
    names = record.model_fields
    return to_table(record, {name: [getattr(one, name) for one in records] for name in names})


def rows(record: type[AnyRecord], table: pa.Table) -> Iterator[AnyRecord]:
    """Read a table as validated records, a few at a time."""
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        for row in batch.to_pylist(maps_as_pydicts="strict"):
            yield record.model_validate(row)


def check_same_tokens(table: pa.Table, rollouts: pa.Table) -> None:
    """Check that a token table speaks of the same rollouts, in the same order, token by token.

    Raises:
        AlignmentError: The tables differ; names the first rollout.
    """
    if table["rollout_id"] != rollouts["rollout_id"]:
        _raise_other_rollouts(table["rollout_id"].to_pylist(), rollouts["rollout_id"].to_pylist())
    if "completion_ids" not in table.column_names:
        return
    found, expected = contiguous(table["completion_ids"]), contiguous(rollouts["completion_ids"])
    if found == expected:
        return
    row = next(row for row in range(len(found)) if found[row] != expected[row])
    raise AlignmentError(
        f"the tokens of rollout {table['rollout_id'][row].as_py()!r} differ: "
        f"{_tokens(found[row])} here, {_tokens(expected[row])} in its rollout; "
        "compute the table again from these rollouts"
    )


def _convert(record: type[Record], field: pa.Field, values: ColumnValues) -> pa.Array:
    try:
        if isinstance(values, pa.Array | pa.ChunkedArray):
            return values.cast(field.type)
        if isinstance(values, np.ndarray) and values.ndim > 1:
            values = list(values)
        return pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"{record.__name__}.{field.name} cannot be stored as {field.type}: {error}"
        ) from error


def _raise_other_rollouts(found: list[str], expected: list[str]) -> None:
    if len(found) != len(expected):
        raise AlignmentError(
            f"{len(found)} rows beside {len(expected)} rollouts; "
            "write one row per rollout, in the order of the rollouts"
        )
    row = next(row for row, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
    raise AlignmentError(
        f"row {row} is of rollout {found[row]!r} where {expected[row]!r} stands; "
        "keep the order of the rollouts"
    )


def _tokens(ids: pa.ListScalar) -> str:
    tokens = ids.as_py()
    shown = ", ".join(map(str, tokens[:8])) + (", …" if len(tokens) > 8 else "")
    return f"{len(tokens)} tokens [{shown}]"
