"""Which versions of a record are read, and what is said of the others."""

from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import Field

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.errors import ArtifactError, VersionError
from schemas import Record

REQUEST = ArtifactRequest("scores", "1", {})


class Score(Record):
    """Version 3 of a record whose versions 2 and 3 only added fields."""

    schema_version: ClassVar[int] = 3
    oldest_readable: ClassVar[int | None] = 2

    name: str
    """Whose."""

    value: float
    """The number."""

    notes: list[str] = Field(default_factory=list)
    """Added by version 3."""


def stored(store: ArtifactStore, table: pa.Table, version: object, name: str = "Score") -> Artifact:
    """An artifact as the code of another version would have written it."""
    metadata = {"schema": name, "schema_version": str(version)}

    def write(writer: ArtifactWriter) -> None:
        pq.write_table(table.replace_schema_metadata(metadata), writer.path("score.parquet"))

    return store.produce(REQUEST, write)


OLDER = pa.table({"name": ["a", "b"], "value": [0.5, 1.0]})


def test_an_older_table_has_the_declared_defaults(store: ArtifactStore) -> None:
    artifact = stored(store, OLDER, 2)
    table = artifact.table(Score)
    assert table.to_pydict() == {"name": ["a", "b"], "value": [0.5, 1.0], "notes": [[], []]}
    assert table.schema.metadata == {b"schema": b"Score", b"schema_version": b"3"}
    assert artifact.table(Score, ["notes", "value"]).column_names == ["notes", "value"]


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (1, r"Score version 1, not Score version 3, .*: versions 2 to 3 are read here; `rlsd doc"),
        (4, r"Score version 4, and this checkout reads up to version 3: use rlsd-pipeline \d"),
        (0, r"Score version '0', and versions are counted from 1"),
        (-1, r"Score version '-1', and versions are counted from 1"),
        ("², nonsense", r"Score version '., nonsense', and versions are counted from 1"),
    ],
)
def test_any_other_version_is_refused(store: ArtifactStore, version: object, message: str) -> None:
    with pytest.raises(VersionError, match=rf"score\.parquet of scores \w{{12}} holds {message}"):
        stored(store, OLDER, version).table(Score)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (OLDER.drop_columns("value"), "lacks the column value of Score, which has no default"),
        (OLDER.append_column("colour", [["r", "g"]]), "has columns that Score does not: colour"),
        (
            OLDER.set_column(1, "value", pa.array([1, 2])),
            "the column value is int64 and must be double",
        ),
    ],
)
def test_a_table_of_other_columns_is_one_message(
    store: ArtifactStore, table: pa.Table, message: str
) -> None:
    with pytest.raises(ArtifactError, match=rf"score\.parquet of .*{message}; .*rlsd doctor"):
        stored(store, table, 2).table(Score)


def test_a_table_of_another_record_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactError, match=r"holds Reward version 2, not Score version 3"):
        stored(store, OLDER, 2, name="Reward").table(Score)


def test_a_document_knows_its_version_by_its_manifest(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Score(name="a", value=0.5)
    artifact = store.produce(REQUEST, lambda writer: writer.record(written))
    assert artifact.manifest.files["score.json"].record_version == 3
    assert artifact.record(Score) == written
    monkeypatch.setattr(Score, "schema_version", 2)
    with pytest.raises(VersionError, match=r"score\.json of .* holds Score version 3, .* up to"):
        artifact.record(Score)
    monkeypatch.setattr(Score, "schema_version", 5)
    monkeypatch.setattr(Score, "oldest_readable", 4)
    with pytest.raises(VersionError, match=r"Score version 3, .* versions 4 to 5 are read here"):
        artifact.record(Score)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"name": "a"}', "value: required, but missing"),
        ('{"name": "a", "value": 1, "notes": [], "colour": 1}', "colour: unknown key"),
        ('{"name": "a", "value": "much"}', "value: input should be a valid number"),
        ("{", "invalid JSON"),
    ],
)
def test_a_document_of_other_fields_is_one_message(
    store: ArtifactStore, content: str, message: str
) -> None:
    artifact = store.produce(REQUEST, lambda writer: writer.path("score.json").write_text(content))
    with pytest.raises(ArtifactError, match=rf"score\.json of .* no Score: .*{message}.*doctor"):
        artifact.record(Score)
