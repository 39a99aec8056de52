"""An artifact for reading: every file's digest is verified before the file is read."""

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from rlsd_pipeline.artifacts.columns import columns_beside
from rlsd_pipeline.artifacts.sealed import PRODUCT
from rlsd_pipeline.artifacts.storage import Storage
from rlsd_pipeline.artifacts.versions import as_declared, check_table, parse_record
from rlsd_pipeline.errors import ArtifactError, CollectedError
from schemas.manifest import Manifest
from schemas.record import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)


def file_name(record: type[Record], suffix: str) -> str:
    """Logical name of the file a record is kept in: `TokenWeights` in `token_weights.parquet`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", record.__name__).lower() + suffix


def artifact_folder(stage: str, fingerprint: str) -> str:
    """Folder of an artifact, relative to the store."""
    return f"{stage}/{fingerprint[:2]}/{fingerprint}"


@dataclass(frozen=True)
class Artifact:
    """A complete artifact: a manifest and the files it names.

    Attributes:
        manifest: What the artifact is, and what it was made from.
        cache_hit: Whether it was in the store before it was asked for.
        replaced: Digest of the artifact it took the place of, where that was another one.
        collected: Logical names of files that were deleted to save room, and when.
        why: In words, why it was computed or reused; empty of one that was only looked up.
    """

    manifest: Manifest
    storage: Storage
    cache_hit: bool
    replaced: str | None = None
    collected: Mapping[str, datetime] = field(default_factory=dict)
    why: str = field(default="", compare=False)

    @property
    def stage(self) -> str:
        """The stage that made it."""
        return self.manifest.stage

    @property
    def digest(self) -> str:
        """Digest of what it holds."""
        return self.manifest.digest

    @property
    def fingerprint(self) -> str:
        """Digest of what it was made from."""
        return self.manifest.fingerprint

    @property
    def location(self) -> str:
        """The location of its folder."""
        return self.storage.locate(self._folder)

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(entry.size for entry in self.manifest.files.values())

    def table(
        self,
        record: type[Record],
        columns: Sequence[str] | None = None,
        *,
        name: str | None = None,
    ) -> pa.Table:
        """Read a table, or some of its columns."""
        name = name or file_name(record, ".parquet")
        path = self.local_path(name)
        place = f"{name} of {self.stage} {self.digest[:12]}"
        held = check_table(record, path, place, self._writer)
        every = (*record.model_fields, *columns_beside(record, held))
        selected = list(every if columns is None else columns)
        there = [column for column in selected if column in held]
        # A folder called `a=b` above the store is no column of the table.
        table = pq.read_table(path, columns=there, partitioning=None)
        return as_declared(record, table, selected, place)

    def record(self, record: type[AnyRecord], *, name: str | None = None) -> AnyRecord:
        """Read a record that is a document of its own."""
        name = name or file_name(record, ".json")
        content = self.local_path(name).read_bytes()
        return parse_record(
            record,
            content,
            f"{name} of {self.stage} {self.digest[:12]}",
            self.manifest.files[name].record_version,
            self._writer,
        )

    def local_path(self, name: str) -> Path:
        """Path of a verified local copy of a file; read it, never write to it."""
        entry = self.manifest.files.get(name)
        if entry is None:
            raise ArtifactError(
                f"{self.stage} {self.digest[:12]} has no file {name!r}; "
                f"it has {sorted(self.manifest.files)}"
            )
        if name in self.collected:
            raise CollectedError(
                f"{name} of {self.stage} {self.digest[:12]} was deleted to save room on "
                f"{self.collected[name]:%Y-%m-%d}; `rlsd restore EXPERIMENT --arm ARM --iteration "
                "K` computes a checkpoint again, to the same bytes",
                self.stage,
                self.fingerprint,
            )
        return self.storage.fetch(f"{self._folder}/{entry.path}", entry.sha256)

    def checkout(self, directory: Path, names: Iterable[str] | None = None) -> Path:
        """Place files under their logical names in a directory, without a copy where possible."""
        directory.mkdir(parents=True, exist_ok=True)
        for name in self.manifest.files if names is None else names:
            source, target = self.local_path(name), directory / name
            target.unlink(missing_ok=True)
            try:
                os.link(source, target)
            except OSError:  # Another file system, or one without links.
                shutil.copyfile(source, target)
        return directory

    @property
    def _folder(self) -> str:
        return artifact_folder(self.stage, self.fingerprint)

    @property
    def _writer(self) -> str | None:
        """Version of the product that made it, where the manifest says."""
        return self.manifest.libraries.get(PRODUCT)
