"""The versions of a record that can be read.

An older version is read if the record says so: missing fields have the declared defaults. A newer
version is refused, since this code does not know what its fields mean.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from rlsd_pipeline.artifacts.columns import arrow_schema, columns_beside
from rlsd_pipeline.config.strict import describe
from rlsd_pipeline.errors import ArtifactError, VersionError
from schemas.record import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)

ANEW = "`rlsd doctor --mend` sets the artifact aside, and the next run of its stage makes it anew"


def require_version(record: type[Record], found: object, place: str, writer: str | None) -> None:
    """Check that records of a version are read.

    Args:
        record: What they are read as.
        found: Their version, as it is noted: a number, or the text of one.
        place: What messages call the file.
        writer: Version of the product that wrote it, where it is known.

    Raises:
        VersionError: The version is not readable; names the versions, and what reads the file.
    """
    name, current = record.__name__, record.schema_version
    oldest = record.oldest_readable or current
    text = str(found)
    version = int(text) if text.isascii() and text.isdigit() else 0
    if version < 1:
        raise VersionError(
            f"{place} holds {name} version {text!r}, and versions are counted from 1: nothing that "
            f"this pipeline wrote; {ANEW}"
        )
    if version > current:
        raise newer(f"{place} holds {name}", version, current, writer)
    if version < oldest:
        by = f", as rlsd-pipeline {writer} does" if writer else ""
        raise VersionError(
            f"{place} holds {name} version {version}, not {name} version {current}, and reads as "
            f"none: versions {oldest} to {current} are read here; {ANEW}, or read it with a "
            f"checkout that knows version {version}{by}"
        )


def newer(what: str, version: int, current: int, writer: str | None) -> VersionError:
    """The refusal of something that a later version of this code wrote."""
    reader = f"rlsd-pipeline {writer}, which wrote it" if writer else "the rlsd-pipeline of then"
    return VersionError(
        f"{what} version {version}, and this checkout reads up to version {current}: use {reader}, "
        "or a later one"
    )


def as_declared(
    record: type[Record], table: pa.Table, names: Iterable[str], place: str
) -> pa.Table:
    """A table with the columns a record declares; what an older one lacks has its default.

    Args:
        record: What each row is.
        table: Some or all columns, as they are stored.
        names: The columns to give.
        place: What messages call the file.

    Raises:
        ArtifactError: A column without a default is missing, or has another type.
    """
    names = list(names)
    schema, arrays = arrow_schema(record, columns_beside(record, names)), []
    chosen = pa.schema([schema.field(name) for name in names], schema.metadata)
    for field in chosen:
        if field.name not in table.column_names:
            default = _default(record, field.name, place)
            arrays.append(pa.array([default] * len(table), field.type))
            continue
        column = table[field.name]
        if column.type != field.type:
            raise ArtifactError(
                f"{place}: the column {field.name} is {column.type} and must be {field.type}; "
                f"{ANEW}"
            )
        arrays.append(column)
    return pa.Table.from_arrays(arrays, schema=chosen)


def check_table(record: type[Record], path: Path, place: str, writer: str | None) -> list[str]:
    """The columns of a file, known from its footer alone to hold a table of the record.

    Raises:
        VersionError: The file holds records of a version that is not read here.
        ArtifactError: The file holds another record, or undeclared columns.
    """
    schema = pq.read_schema(path)
    metadata = schema.metadata or {}
    held = metadata.get(b"schema", b"?").decode(errors="replace")
    version = metadata.get(b"schema_version", b"?").decode(errors="replace")
    if held != record.__name__:
        raise ArtifactError(
            f"{place} holds {held} version {version}, not {record.__name__} version "
            f"{record.schema_version}; {ANEW}"
        )
    require_version(record, version, place, writer)
    known = arrow_schema(record).names
    allowed = {*known, *columns_beside(record, schema.names)}
    unknown = [name for name in schema.names if name not in allowed]
    if unknown:
        raise ArtifactError(
            f"{place} has columns that {record.__name__} does not: {', '.join(unknown)}; it has "
            f"{', '.join(known)}; {ANEW}"
        )
    return schema.names


def parse_record(
    record: type[AnyRecord], content: bytes, place: str, version: int | None, writer: str | None
) -> AnyRecord:
    """Read a record that is a document of its own.

    Args:
        record: What it is.
        content: Its bytes.
        place: What messages call the file.
        version: Schema version it was written with, where that is known.
        writer: Version of the product that wrote it, where that is known.

    Raises:
        VersionError: The record is of a version that is not read here.
        ArtifactError: A field is unknown, missing or invalid.
    """
    if version is not None:
        require_version(record, version, place, writer)
    try:
        return record.model_validate_json(content)
    except ValidationError as error:
        found = describe(error, record, f"{place} is no {record.__name__}")
        raise ArtifactError(f"{found}; {ANEW}".replace("\n  ", ", ")) from error


def _default(record: type[Record], name: str, place: str) -> Any:
    field = record.model_fields[name]
    if field.is_required():
        raise ArtifactError(
            f"{place} lacks the column {name} of {record.__name__}, which has no default; {ANEW}"
        )
    return field.get_default(call_default_factory=True)
