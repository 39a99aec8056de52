"""A JSONL file as a source; `rlsd_pipeline.data.jsonl` documents the keys of a row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.paths import located_path
from rlsd_pipeline.data.source import DataSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas import Problem

_IMAGES = ("image", "images")


class JSONLDataset(DataSource):
    """A JSONL file of questions with answers and image paths relative to the file."""

    type: Literal["jsonl"] = "jsonl"

    path: str
    """The file; relative to the folder of the experiment's YAML."""

    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the rows held out for evaluation if no row names a split."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Use only this many rows from the start."""

    def problems(self) -> Iterator[Problem]:
        """The problems of the file, after every row has been checked."""
        from rlsd_pipeline.data.jsonl import read_jsonl

        return read_jsonl(Path(self.path), limit=self.limit)

    def content_version(self) -> str:
        """Digest of the file and of the images that it names."""
        from rlsd_pipeline.data.table_files import table_digest

        return table_digest(Path(self.path), _IMAGES)

    def declared(self) -> dict[str, Any]:
        """Its content counts, and not the folder it happens to lie in."""
        return identity(self, without=("path",)) | {"file": Path(self.path).name}

    def located(self, folder: Path) -> Self:
        """The same, with a relative path resolved against a folder."""
        return self.model_copy(update={"path": located_path(self.path, folder)})

    @property
    def bytes_to_read(self) -> int:
        """Bytes of the file and of the images that it names."""
        from rlsd_pipeline.data.table_files import table_bytes

        return table_bytes(Path(self.path), _IMAGES)
