"""A data set of the Hugging Face hub, or a local copy, as a source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.paths import local_path, located_name
from rlsd_pipeline.data.column import Column
from rlsd_pipeline.data.source import DataSource
from rlsd_pipeline.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas import Problem


class HubDataset(DataSource):
    """A data set of the Hugging Face hub, or local data in a layout `datasets` reads or writes.

    That is a Parquet, CSV or JSON file, a folder of such files or of images, or what
    `save_to_disk` wrote.
    """

    type: Literal["hub"] = "hub"

    name: str
    """The hub id, such as `iieycx/rlsd-train-MMFineReason-123K`, or a local folder or file. `./x`,
    `../x`, `~/x` and `/x` are local, and so is a name that exists beside the YAML. Relative paths
    begin there."""

    config_name: str | None = None
    """The data set's configuration, if it has several."""

    revision: str | None = None
    """The commit to read. A branch or tag is resolved to its present commit; pin a commit, so that
    the artifact can be made again."""

    split: str = "train"
    """The training split."""

    test_split: str | None = None
    """The split to evaluate on; without one, `test_share` of the train split is held out."""

    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share held out if no test split is named."""

    columns: dict[str, str] = Field(
        default_factory=lambda: {"question": "question", "answer": "answer", "images": "images"}
    )
    """Problem field -> the data set's column."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Use only this many rows from the start."""

    @property
    def local(self) -> Path | None:
        """The local folder or file; None where the name is a hub id."""
        return local_path(self.name)

    def problems(self) -> list[Problem]:
        """The problems of the split, and of the test split where one is named.

        Raises:
            DataError: A problem is in both splits.
        """
        problems = [*self._of(self.split, "train")]
        if self.test_split is None:
            return problems
        learnt = {problem.problem_id for problem in problems}
        test = [*self._of(self.test_split, "test")]
        if both := [problem.problem_id for problem in test if problem.problem_id in learnt]:
            raise DataError(
                f"{len(both)} problems are in both `split: {self.split}` and `test_split: "
                f"{self.test_split}` of {self.name}, first {both[0]!r}: a problem that trains "
                "the policy cannot evaluate it. One file or saved table has one split; leave out "
                "`test_split` to hold out a part of it"
            )
        return problems + test

    def _of(self, split: str, name: str) -> Iterator[Problem]:
        from rlsd_pipeline.data.hub import read_hub

        rows = read_hub(
            self.name,
            config_name=self.config_name,
            split=split,
            revision=self.revision,
            columns=self.columns,
            limit=self.limit,
        )
        return (problem.model_copy(update={"split": name}) for problem in rows)

    def content_version(self) -> str:
        """The commit; of local data, a digest of all of it and of the images that it names."""
        from rlsd_pipeline.data.table_files import table_digest

        local = self.local
        if local is None:
            return f"{self.name}@{self.revision}"
        images = self.columns.get("images")
        return table_digest(local, [Column.parse(images).name] if images else [])

    def declared(self) -> dict[str, Any]:
        """The identifying settings; for local data the content counts, not its location."""
        return identity(self, without=("name", "revision") if self.local else ())

    def pinned(self) -> Self:
        """The same, with the commit that its branch or tag now is."""
        from rlsd_pipeline.identity.hub import hub_commit

        if self.local or self.revision is None:
            return self
        commit = hub_commit(self.name, self.revision, "dataset")
        return self.model_copy(update={"revision": commit})

    def located(self, folder: Path) -> Self:
        """The same, with the path of a local folder or file resolved against a folder.

        Raises:
            ConfigError: The folder or file is given a revision.
        """
        return self.model_copy(update={"name": located_name(self.name, folder, self.revision)})

    @property
    def bytes_to_read(self) -> int | None:
        """Bytes of a local folder or file; the plan downloads nothing from the hub."""
        from rlsd_pipeline.data.table_files import bytes_of

        return None if self.local is None else bytes_of([self.local])
