"""A user's own table in place of a stage's work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo

from rlsd_pipeline.components.located import folder_of
from rlsd_pipeline.config.paths import located_path
from rlsd_pipeline.errors import ArtifactError, DataError
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.stages.workspace import StageRun

_PLACES = ("{arm}", "{iteration}")


def _located(path: str, info: ValidationInfo) -> str:
    unknown = [place for place in re.findall(r"\{.*?\}", path) if place not in _PLACES]
    if unknown:
        raise ValueError(f"{unknown[0]} is unknown; a path may hold {' and '.join(_PLACES)}")
    if Path(path).suffix not in (".parquet", ".jsonl"):
        raise ValueError(f"{path!r} is no table: name a .parquet or a .jsonl file")
    return located_path(path, folder_of(info))


class TableStage(Stage):
    """Take the rows of a file instead of computing them, if they pass every check of the stage."""

    type: Literal["table"] = "table"

    path: Annotated[str, AfterValidator(_located)]
    """Parquet or JSON Lines with the columns of the stage's table. Columns that may be null may be
    left out. `{arm}` is replaced by the arm, such as `rlsd-s0`, and `{iteration}` by the iteration,
    such as `007`; without them, one file serves all. A relative path begins at the YAML's folder.
    """

    decided_by = ()
    computes = False

    def file(self, run: StageRun) -> Path:
        """The file of an arm's iteration."""
        path = self.path.replace("{arm}", run.arm.name)
        return Path(path.replace("{iteration}", f"{run.iteration:03d}"))

    def implementation(self) -> dict[str, Any]:
        """That it is a table; which one, `settings` says."""
        return {"implementation": {"type": self.type}}

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The content of the file, and not the folder it lies in.

        Raises:
            DataError: The file cannot be read.
        """
        from rlsd_pipeline.identity.files import path_digest

        file = self.file(run)
        try:
            file.stat()
            return {"table": {"file": file.name, "content": path_digest(file)}}
        except OSError as error:
            raise DataError(
                f"{file} cannot be read: {error.strerror}. It is the table of `{self.name}` of "
                f"{run.arm.name} at iteration {run.iteration:03d}, by `stages.{self.name}.path`"
            ) from error

    def seeds(self, run: StageRun) -> dict[str, int]:
        """None: nothing is drawn."""
        return {}

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Check the rows and write them.

        Raises:
            DataError: The table is invalid; names the file, the row and the column.
        """
        from rlsd_pipeline.artifacts.given import read_table

        file, record = self.file(run), self.writes[0]
        table = read_table(record, file)
        try:
            out.table(record, table, aligned_with=self.aligned_with(inputs))
            self.check(run, inputs, table)
        except ArtifactError as error:
            raise DataError(f"{file}: {error}") from error

    def aligned_with(self, inputs: Mapping[str, Artifact]) -> pa.Table | None:
        """The rollouts whose order and tokens the table repeats."""
        from schemas import Rollout

        return inputs["rollouts"].table(Rollout, ["rollout_id", "completion_ids"])

    def check(self, run: StageRun, inputs: Mapping[str, Artifact], table: pa.Table) -> None:
        """Check the stage's table beyond its schema and its order.

        Raises:
            ArtifactError: The table is invalid; names the row and the column.
        """
