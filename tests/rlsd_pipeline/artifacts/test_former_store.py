"""A store that an earlier version wrote, `former_store`, is read by this one.

Commit f0a7796 trained, compared and diagnosed a tiny experiment, and `rlsd gc` took its weights.
"""

import shutil
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactStore, rows
from rlsd_pipeline.artifacts.artifact import file_name
from rlsd_pipeline.artifacts.inventory import take_inventory
from rlsd_pipeline.errors import CollectedError, VersionError
from schemas import Record
from schemas.__main__ import CONTRACTS

FORMER = Path(__file__).parent / "former_store"
VERSIONS = {"Rollout": 2, "TokenLogprobs": 2, "ItemVerdict": 2, "BenchmarkScore": 2}
"""Of the records whose version was not 1."""

RECORDS = [each for each in CONTRACTS.values() if issubclass(each, Record)]
HELD = {
    (record, file_name(record, suffix)) for record in RECORDS for suffix in (".json", ".parquet")
}


@pytest.fixture
def former(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(shutil.copytree(FORMER, tmp_path / "store"))


def test_every_reference_and_manifest_of_it_is_read(former: ArtifactStore) -> None:
    inventory = take_inventory(former.storage)
    assert len(inventory.refs) == len(list(FORMER.glob(".refs/**/*.json"))) == 32
    assert len(inventory.artifacts) == len(list(FORMER.glob("*/*/*/manifest.json"))) == 23
    assert inventory.incomplete == {}
    for name in former.refs():
        artifact = former.ref(name)
        assert artifact is not None, name
        assert artifact.manifest.schema_version == 1


def test_every_record_of_it_is_read_or_refused_by_its_version(former: ArtifactStore) -> None:
    seen: set[str] = set()
    for stored in take_inventory(former.storage).artifacts.values():
        artifact = former.find(stored.manifest.stage, stored.manifest.fingerprint)
        assert artifact is not None
        for record, name in HELD:
            if name not in artifact.manifest.files:
                continue
            seen.add(record.__name__)
            written = VERSIONS.get(record.__name__, 1)
            if written < (record.oldest_readable or record.schema_version):
                assert name.endswith(".parquet")
                with pytest.raises(VersionError, match=f"{record.__name__} version {written}"):
                    artifact.table(record)
            elif name.endswith(".json"):
                artifact.record(record)
            else:
                table = artifact.table(record)
                assert table.column_names == list(record.model_fields)
                assert len(list(rows(record, table))) == len(table) > 0
    assert seen >= {"Problem", "Rollout", "Reward", "TokenLogprobs", "TokenWeights"}
    assert seen >= {"PolicyCheckpoint", "BenchmarkResponse", "ItemVerdict", "QuestionScore"}
    assert seen >= {"BenchmarkScore", "WeightingComparison", "ComparedCredit", "InformationGap"}
    assert "TeacherDistribution" in seen


def test_what_was_collected_of_it_is_still_told(former: ArtifactStore) -> None:
    policy = former.ref("small/rlsd-s0/001/policy")
    assert policy is not None
    with pytest.raises(CollectedError, match=r"model\.safetensors of policy_checkpoint .* deleted"):
        policy.local_path("model.safetensors")
