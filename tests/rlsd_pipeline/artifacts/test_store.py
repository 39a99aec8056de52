import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pytest
from pydantic import ValidationError

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.errors import AlignmentError, ArtifactError
from schemas import PolicyCheckpoint, Rollout, TokenLogprobs

CHECKPOINT = PolicyCheckpoint.model_validate(PolicyCheckpoint.example)
TableOf = Callable[..., pa.Table]

REQUEST = ArtifactRequest("policy_checkpoint", "1", {})


def write_checkpoint(writer: ArtifactWriter) -> None:
    writer.record(CHECKPOINT)
    writer.path("model.safetensors").write_bytes(b"weights")


def fail(writer: ArtifactWriter) -> NoReturn:
    raise AssertionError("the store asked for work that is already done")


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def folder_of(root: Path, request: ArtifactRequest) -> Path:
    return root / request.stage / request.fingerprint[:2] / request.fingerprint


def test_what_is_written_can_be_read(any_store: ArtifactStore, rollouts: pa.Table) -> None:
    def write(writer: ArtifactWriter) -> None:
        write_checkpoint(writer)
        writer.table(Rollout, rollouts)

    artifact = any_store.produce(REQUEST, write)
    assert not artifact.cache_hit
    assert set(artifact.manifest.files) == {
        "model.safetensors",
        "policy_checkpoint.json",
        "rollout.parquet",
    }
    assert artifact.record(PolicyCheckpoint) == CHECKPOINT
    assert artifact.table(Rollout) == rollouts
    assert artifact.table(Rollout, ["completion"]).column_names == ["completion"]
    assert artifact.local_path("model.safetensors").read_bytes() == b"weights"
    assert artifact.size == sum(entry.size for entry in artifact.manifest.files.values()) > 7


def test_a_hit_does_no_work(any_store: ArtifactStore) -> None:
    made = any_store.produce(REQUEST, write_checkpoint)
    found = any_store.produce(REQUEST, fail)
    assert found.cache_hit
    assert found.manifest == made.manifest


def test_an_artifact_that_was_never_made_is_absent(any_store: ArtifactStore) -> None:
    assert any_store.find("rollouts", "0" * 64) is None
    assert any_store.ref("nothing/yet") is None
    assert list(any_store.refs()) == []


def test_the_manifest_tells_what_went_in(
    store: ArtifactStore, logprobs_request: ArtifactRequest, token_logprobs: pa.Table
) -> None:
    def write(writer: ArtifactWriter) -> None:
        writer.table(TokenLogprobs, token_logprobs)
        writer.measure(tokens_per_second=3.5)

    manifest = store.produce(logprobs_request, write).manifest
    assert manifest.config == {"temperature": 1.0}
    assert manifest.inputs == {"rollouts": "abc"}
    assert manifest.seeds == {"noise": 0}
    assert manifest.libraries["pyarrow"] == pa.__version__
    assert manifest.measurements["tokens_per_second"] == 3.5
    assert manifest.measurements["seconds"] > 0


def test_measurements_and_dates_leave_the_digest_alone(store: ArtifactStore) -> None:
    def write_slowly(writer: ArtifactWriter) -> None:
        write_checkpoint(writer)
        writer.measure(seconds=1e6)

    first = store.produce(REQUEST, write_checkpoint)
    again = store.produce(REQUEST, write_slowly, recompute=True)
    assert again.manifest.created_at > first.manifest.created_at
    assert (again.digest, again.replaced, again.cache_hit) == (first.digest, None, False)


def test_a_deleted_artifact_is_made_again_with_the_same_digest(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    first = store.produce(REQUEST, write_checkpoint)
    for path in folder_of(tmp_path, REQUEST).iterdir():
        path.unlink()
    again = store.produce(REQUEST, write_checkpoint)
    assert (again.digest, again.cache_hit) == (first.digest, False)


def test_an_artifact_with_a_missing_or_short_file_is_made_again(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    path = store.produce(REQUEST, write_checkpoint).local_path("model.safetensors")
    path.chmod(0o644)
    path.write_bytes(b"weigh")
    assert store.find(REQUEST.stage, REQUEST.fingerprint) is None
    path.unlink()
    assert store.find(REQUEST.stage, REQUEST.fingerprint) is None
    assert store.produce(REQUEST, write_checkpoint).local_path("model.safetensors") == path
    assert path.read_bytes() == b"weights"


def test_another_result_takes_the_place_of_the_former(store: ArtifactStore) -> None:
    former = store.produce(REQUEST, write_checkpoint)
    later = store.produce(
        REQUEST,
        lambda writer: writer.path("model.safetensors").write_bytes(b"others"),
        recompute=True,
    )
    assert later.replaced == former.digest != later.digest
    found = store.find(REQUEST.stage, REQUEST.fingerprint)
    assert found is not None
    assert found.digest == later.digest
    assert former.local_path("model.safetensors").read_bytes() == b"weights"


def test_a_failing_stage_leaves_nothing_behind(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)

    def write(writer: ArtifactWriter) -> None:
        write_checkpoint(writer)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.produce(REQUEST, write)
    assert files_below(tmp_path) == []
    assert store.find(REQUEST.stage, REQUEST.fingerprint) is None


def test_a_stage_that_writes_nothing_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactError, match="'policy_checkpoint' wrote no file"):
        store.produce(REQUEST, lambda writer: None)


def test_a_table_of_other_tokens_is_not_written(
    tmp_path: Path, rollouts: pa.Table, table_of: TableOf
) -> None:
    other = table_of(
        TokenLogprobs, {"rollout_id": "a"}, {"rollout_id": "b", "completion_ids": [7, 3, 1]}
    )
    with pytest.raises(AlignmentError, match="the tokens of rollout 'b' differ"):
        ArtifactStore(tmp_path).produce(
            REQUEST, lambda writer: writer.table(TokenLogprobs, other, aligned_with=rollouts)
        )
    assert files_below(tmp_path) == []


def test_a_measurement_is_a_number(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactError, match="the measurement tokens_per_second is inf"):
        store.produce(REQUEST, lambda writer: writer.measure(tokens_per_second=float("inf")))


def test_a_request_is_validated_before_the_work() -> None:
    with pytest.raises(ValidationError, match="valid string"):
        ArtifactRequest("rollouts", "1", {}, {"policy": None})  # type: ignore[dict-item]


def test_a_document_of_another_kind_is_refused(store: ArtifactStore) -> None:
    artifact = store.produce(
        REQUEST, lambda writer: writer.path("policy_checkpoint.json").write_text("{}")
    )
    with pytest.raises(ArtifactError, match=r"checkpoint\.json of .* is no PolicyCheckpoint"):
        artifact.record(PolicyCheckpoint)


@pytest.mark.parametrize("name", ["../escape", "a/b", "", ".hidden", "manifest.json"])
def test_a_file_cannot_leave_its_artifact(store: ArtifactStore, name: str) -> None:
    with pytest.raises(ArtifactError, match="cannot name a file"):
        store.produce(REQUEST, lambda writer: writer.path(name).touch())


def test_a_flipped_byte_is_found_and_named(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    artifact = store.produce(REQUEST, write_checkpoint)
    path = artifact.local_path("model.safetensors")
    assert path.parent == folder_of(tmp_path, REQUEST) == Path(artifact.location)
    path.chmod(0o644)
    path.write_bytes(b"weightz")
    with pytest.raises(ArtifactError, match=f"{path.name} is damaged: expected SHA-256") as caught:
        artifact.local_path("model.safetensors")
    assert "delete its folder and run the stage again" in str(caught.value)
    again = store.produce(REQUEST, write_checkpoint, recompute=True)
    assert again.digest == artifact.digest
    assert again.local_path("model.safetensors").read_bytes() == b"weights"


def test_a_damaged_remote_file_and_a_damaged_copy_of_it(tmp_path: Path) -> None:
    url = f"memory://{uuid.uuid4().hex}"
    artifact = ArtifactStore(url, cache=tmp_path).produce(REQUEST, write_checkpoint)
    copy = artifact.local_path("model.safetensors")
    copy.chmod(0o644)
    copy.write_bytes(b"weightz")
    assert artifact.local_path("model.safetensors").read_bytes() == b"weights"

    entry = artifact.manifest.files["model.safetensors"]
    folder = folder_of(Path(), REQUEST).as_posix()
    artifact.storage.publish_bytes(b"weightz", f"{folder}/{entry.path}")
    copy.unlink()
    with pytest.raises(ArtifactError, match=f"{entry.path} is damaged"):
        artifact.local_path("model.safetensors")


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    store.produce(REQUEST, write_checkpoint)
    path = folder_of(tmp_path, REQUEST) / "manifest.json"
    path.chmod(0o644)
    path.write_text("{}")
    with pytest.raises(ArtifactError, match=r"manifest\.json is no manifest"):
        store.find(REQUEST.stage, REQUEST.fingerprint)


def test_a_table_of_another_version_is_refused(
    store: ArtifactStore, rollouts: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = store.produce(REQUEST, lambda writer: writer.table(Rollout, rollouts))
    monkeypatch.setattr(Rollout, "schema_version", 3)
    with pytest.raises(ArtifactError, match="holds Rollout version 2, not Rollout version 3"):
        artifact.table(Rollout)


def test_an_unknown_file_is_answered_with_the_known_ones(store: ArtifactStore) -> None:
    artifact = store.produce(REQUEST, write_checkpoint)
    with pytest.raises(ArtifactError, match=r"no file 'rollout\.parquet'; it has \['model"):
        artifact.table(Rollout)


def test_a_checkout_has_the_logical_names(any_store: ArtifactStore, tmp_path: Path) -> None:
    artifact = any_store.produce(REQUEST, write_checkpoint)
    for _ in range(2):
        everything = artifact.checkout(tmp_path / "all")
    assert sorted(path.name for path in everything.iterdir()) == [
        "model.safetensors",
        "policy_checkpoint.json",
    ]
    one = artifact.checkout(tmp_path / "one", ["model.safetensors"])
    (weights,) = one.iterdir()
    assert weights.samefile(artifact.local_path("model.safetensors"))
    assert weights.stat().st_mode & 0o222 == 0


def test_a_ref_moves_and_is_listed(any_store: ArtifactStore) -> None:
    first = any_store.produce(REQUEST, write_checkpoint)
    second = any_store.produce(ArtifactRequest("policy", "2", {}), write_checkpoint)
    any_store.set_ref("easy_vqa/rlsd-s0/003/policy", first)
    any_store.set_ref("easy_vqa/rlsd-s0/003/policy", second)
    any_store.set_ref("easy_vqa/grpo-s0/000/policy", first)
    found = any_store.ref("easy_vqa/rlsd-s0/003/policy")
    assert found is not None
    assert found.fingerprint == second.fingerprint
    assert list(any_store.refs("easy_vqa/rlsd")) == ["easy_vqa/rlsd-s0/003/policy"]
    assert len(list(any_store.refs())) == 2


def test_a_name_remembers_the_last_it_meant_before(any_store: ArtifactStore) -> None:
    made = [
        any_store.produce(ArtifactRequest("policy", f"{n}", {}), write_checkpoint)
        for n in "0123456789"
    ]
    for artifact in [*made, made[9], made[7]]:
        any_store.set_ref("small/policy", artifact)
    former = [each.manifest.code_version for each in any_store.former("small/policy")]
    assert former == ["9", "8", "6", "5", "4", "3", "2", "1"]
    assert list(any_store.former("small/other")) == []


@pytest.mark.parametrize("name", ["../outside", "a//b", "", "/absolute"])
def test_a_ref_cannot_leave_the_store(store: ArtifactStore, name: str) -> None:
    with pytest.raises(ArtifactError, match="cannot be part of a name"):
        store.ref(name)


def test_only_what_was_left_behind_long_ago_is_removed(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".staging" / "old", tmp_path / ".staging" / "fresh"
    for folder, age in ((old, 25 * 3600), (fresh, 0)):
        folder.mkdir(parents=True)
        (folder / "content").touch()
        for path in (folder / "content", folder):
            os.utime(path, (time.time() - age,) * 2)
    ArtifactStore(tmp_path).produce(REQUEST, write_checkpoint)
    assert not old.exists()
    assert fresh.exists()
