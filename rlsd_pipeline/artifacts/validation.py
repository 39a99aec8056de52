"""Validates a table by column; the bad row is looked for only in a bad column."""

from dataclasses import dataclass
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from rlsd_pipeline.artifacts.breaches import first, lengths, rule_breach, value_breaches
from rlsd_pipeline.artifacts.columns import (
    TableColumn,
    Values,
    arrow_schema,
    columns_beside,
    table_columns,
)
from rlsd_pipeline.errors import AlignmentError, ArtifactError
from schemas.record import AlignedWith, Record


def validate_table(record: type[Record], table: pa.Table) -> None:
    """Check a table against its record: columns, types, values, alignment, key and rules.

    Raises:
        AlignmentError: A token column and its reference differ in length in some row.
        ArtifactError: Anything else; names the column, the first bad row and its key.
    """
    check_columns(record, table)
    check = _TableCheck(record, table)
    for column in table_columns(record, columns_beside(record, table.column_names)):
        check.column(column)
    check.key()
    for rule in record.rules:
        check.no_breach(*rule_breach(check.array, rule))


def check_columns(record: type[Record], table: pa.Table) -> None:
    """Check the names and types of the columns alone."""
    schema = arrow_schema(record, columns_beside(record, table.column_names))
    if sorted(table.column_names) != sorted(schema.names):
        missing = [name for name in schema.names if name not in table.column_names]
        raise ArtifactError(
            f"{record.__name__}: the columns are {table.column_names}, missing {missing}; "
            f"a table has exactly {schema.names}"
        )
    for field in schema:
        found = table.schema.field(field.name).type
        if found != field.type:
            raise ArtifactError(
                f"{record.__name__}: {field.name} is {found} and must be {field.type}; "
                "build the table with to_table"
            )


def contiguous(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; copies only where it has several chunks."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@dataclass(frozen=True)
class _TableCheck:
    record: type[Record]
    table: pa.Table

    def array(self, name: str) -> pa.Array:
        return contiguous(self.table[name])

    def column(self, column: TableColumn) -> None:
        array = self.array(column.name)
        if not column.nullable:
            self.no_breach(array.is_null(), f"{column.name} is null")
        for mask, fault in value_breaches(array, column.values):
            self.no_breach(mask, f"{column.name} {fault}")
        for marker in column.values.markers:
            if isinstance(marker, AlignedWith):
                self.aligned(column.name, marker)
        if column.elements is not None:
            self.elements(column.name, array, column.elements)

    def elements(self, name: str, lists: pa.Array, declared: Values) -> None:
        elements = lists.flatten()
        for mask, fault in [(elements.is_null(), "is null"), *value_breaches(elements, declared)]:
            position = first(mask)
            if position is not None:
                row = pc.list_parent_indices(lists)[position].as_py()
                self.fail(row, f"an entry of {name} {fault}: {elements[position]}")

    def aligned(self, name: str, marker: AlignedWith) -> None:
        found, reference = lengths(self.array(name)), lengths(self.array(marker.field))
        expected, each = reference, "one"
        if marker.times is not None:
            expected = pc.multiply(reference, self.array(marker.times))
            each = marker.times
        row = first(pc.not_equal(found, expected))
        if row is not None:
            what = f"{name} has {found[row]} entries beside {reference[row]} {marker.field}"
            self.fail(row, f"{what}, and needs {each} for each", AlignmentError)

    def key(self) -> None:
        names = list(self.record.key)
        keys = self.table.select(names)
        if not names or len(keys.group_by(names).aggregate([])) == len(keys):
            return
        seen: set[tuple[object, ...]] = set()
        for row, key in enumerate(zip(*(keys[name].to_pylist() for name in names), strict=True)):
            if key in seen:
                self.fail(row, f"{' and '.join(names)} must be unique, and an earlier row has them")
            seen.add(key)

    def no_breach(self, mask: pa.BooleanArray, fault: str) -> None:
        row = first(mask)
        if row is not None:
            self.fail(row, fault)

    def fail(self, row: int, fault: str, error: type[ArtifactError] = ArtifactError) -> NoReturn:
        key = [f"{name} {self.table[name][row].as_py()!r}" for name in self.record.key]
        place = f"row {row} ({', '.join(key)})" if key else f"row {row}"
        raise error(f"{self.record.__name__}, {place}: {fault}")
