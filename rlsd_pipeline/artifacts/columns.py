"""The columns of a record's table, derived from the record's annotations."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pyarrow as pa
from pydantic import FiniteFloat
from pydantic.fields import FieldInfo

from schemas.documented import field_descriptions
from schemas.record import Column, Record

# Images of a large data set exceed the 2 GB that 32-bit offsets can address.
_ARROW_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.large_binary(),
}
_NUMBER: Any = FiniteFloat | None


@dataclass(frozen=True)
class Values:
    """The values of a column or of its lists: physical type, allowed members, markers."""

    type: pa.DataType
    members: tuple[str, ...]
    markers: tuple[object, ...]


@dataclass(frozen=True)
class TableColumn:
    """One field of a record as a column; `elements` is set where it holds lists."""

    name: str
    description: str
    nullable: bool
    values: Values
    elements: Values | None

    @property
    def field(self) -> pa.Field:
        """The column in an Arrow schema, with its description."""
        metadata = {"description": self.description}
        return pa.field(self.name, self.values.type, self.nullable, metadata)


@cache
def table_columns(record: type[Record], more: tuple[str, ...] = ()) -> tuple[TableColumn, ...]:
    """The columns of a record's table, in the order of its fields, then those beside them."""
    fields, descriptions = dict(record.model_fields), dict(field_descriptions(record))
    if record.more is not None:
        fields |= dict.fromkeys(more, FieldInfo(annotation=_NUMBER))
        descriptions |= dict.fromkeys(more, record.more.description)
    return tuple(
        _table_column(name, descriptions.get(name, ""), info) for name, info in fields.items()
    )


def columns_beside(record: type[Record], names: Iterable[str]) -> tuple[str, ...]:
    """The columns that are no fields of a record and may stand beside them."""
    return tuple(
        name
        for name in names
        if record.more is not None
        and name.startswith(record.more.prefix)
        and name not in record.model_fields
    )


def arrow_schema(record: type[Record], more: tuple[str, ...] = ()) -> pa.Schema:
    """The Arrow schema of a record's table; names the record and its schema version.

    Args:
        record: What each row is.
        more: Columns beside its fields.
    """
    metadata = {"schema": record.__name__, "schema_version": str(record.schema_version)}
    return pa.schema([column.field for column in table_columns(record, more)], metadata)


def _table_column(name: str, description: str, info: FieldInfo) -> TableColumn:
    bare, markers, nullable = _unwrap(info.annotation)
    elements = None
    if get_origin(bare) is list:
        elements = _values(*_unwrap(get_args(bare)[0])[:2])
        values = Values(pa.list_(elements.type), (), (*info.metadata, *markers))
    else:
        values = _values(bare, (*info.metadata, *markers))
    return TableColumn(name, description, nullable, values, elements)


def _values(bare: Any, markers: tuple[object, ...]) -> Values:
    members: tuple[str, ...] = ()
    if bare == dict[str, str]:
        arrow_type = pa.map_(pa.string(), pa.string())
    elif isinstance(bare, type) and issubclass(bare, StrEnum):
        arrow_type, members = pa.string(), tuple(bare)
    elif bare in _ARROW_TYPES:
        arrow_type = _ARROW_TYPES[bare]
    else:
        raise TypeError(f"no column type for {bare}; use scalars, lists or dict[str, str]")
    for marker in markers:
        if isinstance(marker, Column):
            arrow_type = pa.type_for_alias(marker.type)
    return Values(arrow_type, members, markers)


def _unwrap(annotation: Any) -> tuple[Any, tuple[object, ...], bool]:
    """Split an annotation into its bare type, its markers and whether it allows null."""
    if get_origin(annotation) is Annotated:
        wrapped, *found = get_args(annotation)
        bare, markers, nullable = _unwrap(wrapped)
        return bare, (*markers, *_flatten(found)), nullable
    if get_origin(annotation) in (Union, UnionType):
        (wrapped,) = (option for option in get_args(annotation) if option is not NoneType)
        bare, markers, _ = _unwrap(wrapped)
        return bare, markers, True
    return annotation, (), False


def _flatten(markers: list[object]) -> Iterator[object]:
    for marker in markers:
        if isinstance(marker, FieldInfo):
            yield from marker.metadata
        else:
            yield marker
