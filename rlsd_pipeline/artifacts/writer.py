"""The writer with which a stage writes its artifact."""

import math
import posixpath
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rlsd_pipeline.artifacts.artifact import file_name
from rlsd_pipeline.artifacts.columns import arrow_schema, columns_beside, table_columns
from rlsd_pipeline.artifacts.tables import check_same_tokens
from rlsd_pipeline.artifacts.validation import validate_table
from rlsd_pipeline.errors import ArtifactError
from schemas.record import PresentByDefault, Record

MANIFEST = "manifest.json"
COLLECTED = "collected.json"
"""The file beside a manifest that names its deleted files."""

RESERVED = (MANIFEST, COLLECTED)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ROWS_PER_GROUP = 512


def stored_name(name: str, sha256: str) -> str:
    """Name under which a file is kept: its own with its digest in it.

    So a file never meets another one of the same name, and two processes may commit the same
    artifact at once.
    """
    stem, suffix = posixpath.splitext(name)
    return f"{stem}-{sha256[:16]}{suffix}"


def _stored_schema(record: type[Record], table: pa.Table) -> pa.Schema:
    """The columns of a file; one that need not have nulls says so where it has none."""
    more = columns_beside(record, table.column_names)
    schema = arrow_schema(record, more)
    for place, column in enumerate(table_columns(record, more)):
        present = any(isinstance(marker, PresentByDefault) for marker in column.values.markers)
        if present and table[column.name].null_count == 0:
            schema = schema.set(place, schema.field(place).with_nullable(False))
    return schema


class ArtifactWriter:
    """Collects the files of one artifact; none is visible before all are written."""

    def __init__(self, directory: Path):
        self._directory = directory
        self._versions: dict[str, int] = {}
        self.measurements: dict[str, float] = {}
        self._once_kept: list[Callable[[str], None]] = []

    def table(
        self,
        record: type[Record],
        table: pa.Table,
        *,
        aligned_with: pa.Table | None = None,
        name: str | None = None,
    ) -> None:
        """Validate a table and write it.

        Args:
            record: The record each row must be.
            table: The rows.
            aligned_with: The rollouts whose tokens the table must repeat exactly.
            name: Logical name of the file; by default that of the record.
        """
        validate_table(record, table)
        if aligned_with is not None:
            check_same_tokens(table, aligned_with)
        path = self._record_path(record, name or file_name(record, ".parquet"))
        # How a table was put together must leave no mark in the bytes, and so in the digest.
        schema = _stored_schema(record, table)
        table = table.select(schema.names).cast(schema).combine_chunks()
        pq.write_table(table, path, compression="zstd", row_group_size=_ROWS_PER_GROUP)

    def record(self, record: Record, *, name: str | None = None) -> None:
        """Write a record as a document of its own."""
        path = self._record_path(type(record), name or file_name(type(record), ".json"))
        path.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def path(self, name: str) -> Path:
        """The path for a file of any other kind, given its logical name."""
        if not _NAME.fullmatch(name) or name in RESERVED:
            raise ArtifactError(
                f"{name!r} cannot name a file of an artifact; "
                f"use letters, digits, '.', '_' and '-', and not {' or '.join(RESERVED)}"
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        return self._directory / name

    def record_version(self, name: str) -> int | None:
        """Schema version of the record in a file; None where the file holds none."""
        return self._versions.get(name)

    def measure(self, **values: float) -> None:
        """Note durations and rates; they go to the manifest, and not into the digest."""
        for name, value in values.items():
            if not math.isfinite(value):
                raise ArtifactError(f"the measurement {name} is {value}; leave it out instead")
            self.measurements[name] = float(value)

    def once_kept(self, action: Callable[[str], None]) -> None:
        """Call something with the artifact's digest as soon as the store has it."""
        self._once_kept.append(action)

    def kept(self, digest: str) -> None:
        """The store has the artifact."""
        for action in self._once_kept:
            action(digest)

    def files(self) -> list[Path]:
        """The files written so far, by name."""
        return sorted(self._directory.iterdir()) if self._directory.exists() else []

    def _record_path(self, record: type[Record], name: str) -> Path:
        path = self.path(name)
        self._versions[name] = record.schema_version
        return path
