"""What is found in a store that is not whole, and what is left to find once it is mended."""

import os
import shutil
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.artifacts.garbage import SET_ASIDE, collect, plan
from rlsd_pipeline.artifacts.inventory import survey, take_inventory
from rlsd_pipeline.doctor.examination import chosen, examine
from rlsd_pipeline.doctor.finding import Finding
from schemas import PolicyCheckpoint

MOMENT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
ARM, OTHER = "small/rlsd-s0", "small/grpo-s0"


def lineage(store: ArtifactStore, arm: str, updates: int) -> None:
    """An arm of some iterations, with the inputs and the names that a training gives."""

    def made(stage: str, name: str, seeds: dict[str, int] | None = None, **inputs: str) -> str:
        config = {} if stage == "problems" else {"arm": arm}
        request = ArtifactRequest(stage, "1", config, inputs, seeds or {})

        def write(writer: ArtifactWriter) -> None:
            writer.path("a.bin").write_text(request.fingerprint)
            if stage in ("policy", "policy_checkpoint"):
                writer.record(PolicyCheckpoint.model_validate(PolicyCheckpoint.example))

        artifact = store.produce(request, write)
        for each in name.split():
            store.set_ref(each, artifact)
        return artifact.digest

    problems = made("problems", "small/problems")
    policy = made("policy", f"{arm}/000/policy")
    for k in range(updates):
        at, seeds = f"{arm}/{k:03d}", {"iteration": k}
        rollouts = made("rollouts", f"{at}/rollouts", seeds, problems=problems, policy=policy)
        rewards = made("rewards", f"{at}/rewards", problems=problems, rollouts=rollouts)
        weights = made("token_weights", f"{at}/token_weights", rollouts=rollouts, rewards=rewards)
        policy = made(
            "policy_checkpoint",
            f"{at}/policy_checkpoint {arm}/{k + 1:03d}/policy",
            seeds,
            policy=policy,
            rollouts=rollouts,
            token_weights=weights,
        )
        made("benchmark_scores.greedy", f"{arm}/{k + 1:03d}/benchmark_scores.greedy", policy=policy)


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    url = tmp_path / "store" if request.param == "local" else f"memory://{uuid.uuid4().hex}/store"
    store = ArtifactStore(url, cache=tmp_path / "cache")
    for arm in (ARM, OTHER):
        lineage(store, arm, 3)
    return store


def named(store: ArtifactStore) -> dict[str, str]:
    found = {name: store.ref(name) for name in store.refs()}
    return {name: artifact.fingerprint for name, artifact in found.items() if artifact is not None}


def find(store: ArtifactStore, experiment: str | None = None) -> list[Finding]:
    found = survey(store.storage)
    return examine(
        store,
        found,
        chosen(found, experiment),
        MOMENT,
        experiment=experiment,
        read=lambda count: None,
    )


def folder(store: ArtifactStore, name: str) -> str:
    artifact = store.ref(name)
    assert artifact is not None
    return f"{artifact.stage}/{artifact.fingerprint[:2]}/{artifact.fingerprint}"


def path_of(name: str) -> str:
    return f".refs/{name}.json"


def test_a_sound_store_has_nothing_to_find(store: ArtifactStore) -> None:
    assert find(store) == []
    assert find(store, "small") == []


@pytest.mark.parametrize(
    "name",
    [
        "small/problems",
        f"{ARM}/000/policy",
        f"{ARM}/001/policy",
        f"{ARM}/003/policy",
        f"{ARM}/000/policy_checkpoint",
        f"{ARM}/002/policy_checkpoint",
        f"{ARM}/001/rollouts",
        f"{ARM}/001/rewards",
        f"{ARM}/001/token_weights",
        f"{ARM}/001/benchmark_scores.greedy",
    ],
)
@pytest.mark.parametrize("content", [b"", b"{", "other", "dangling"])
def test_a_damaged_name_is_found_again(
    store: ArtifactStore, name: str, content: bytes | str
) -> None:
    whole = named(store)
    if content == "other":
        content = store.storage.read(path_of(name.replace("rlsd", "grpo").replace("problems", "x")))
        content = content or store.storage.read(path_of(f"{ARM}/000/rollouts")) or b""
    elif content == "dangling":
        content = b'{"stage": "rollouts", "fingerprint": "%s"}' % (b"0" * 64)
    assert isinstance(content, bytes)
    store.storage.publish_bytes(content, path_of(name))
    (finding,) = find(store)
    assert (finding.what, finding.place) == ("reference", path_of(name))
    assert finding.remedy.startswith("found again: ")
    assert finding.mend is not None
    finding.mend()
    assert named(store) == whole
    assert find(store) == []


@pytest.mark.parametrize("lost", [["001/policy"], ["000/policy_checkpoint"]])
def test_a_missing_policy_or_checkpoint_is_missed(store: ArtifactStore, lost: list[str]) -> None:
    whole = named(store)
    store.storage.remove([path_of(f"{ARM}/{name}") for name in lost])
    for finding in find(store):
        assert finding.fault == "it is missing"
        assert finding.mend is not None
        finding.mend()
    assert named(store) == whole


def test_a_policy_and_its_checkpoint_are_both_found_again(store: ArtifactStore) -> None:
    whole = named(store)
    store.storage.publish_bytes(b"", path_of(f"{ARM}/001/policy"))
    store.storage.remove([path_of(f"{ARM}/000/policy_checkpoint")])
    findings = find(store)
    assert [each.fault for each in findings] == ["it is empty", "it is missing"]
    for finding in findings:
        assert finding.mend is not None
        finding.mend()
    assert named(store) == whole


@pytest.mark.parametrize("wrong", ["001/policy", "000/policy_checkpoint"])
def test_a_nameless_reference_to_another_arm_is_found_out(store: ArtifactStore, wrong: str) -> None:
    """Version 1 has no name in it; what the place was made from decides."""
    whole = named(store)
    stage, _, fingerprint = folder(store, f"{OTHER}/{wrong}").split("/")
    content = f'{{"stage": "{stage}", "fingerprint": "{fingerprint}"}}'.encode()
    store.storage.publish_bytes(content, path_of(f"{ARM}/{wrong}"))
    (finding,) = find(store)
    assert finding.place == path_of(f"{ARM}/{wrong}")
    assert finding.fault == "the policy and the checkpoint before it are not the same"
    assert finding.mend is not None
    finding.mend()
    assert named(store) == whole


def harm_manifest(store: ArtifactStore, place: str) -> str:
    content = bytearray(store.storage.read(f"{place}/manifest.json") or b"")
    content[-30] ^= 1
    store.storage.publish_bytes(bytes(content), f"{place}/manifest.json")
    return "its content does not have the checksum that it states"


def _file(store: ArtifactStore, place: str) -> str:
    paths = [file.path for file in store.storage.listing(place)]
    return next(path for path in paths if path.endswith(".bin"))


def harm_file(store: ArtifactStore, place: str) -> str:
    path = _file(store, place)
    content = bytearray(store.storage.read(path) or b"")
    content[0] ^= 1
    store.storage.publish_bytes(bytes(content), path)
    return "a.bin has SHA-256 "


def shorten_file(store: ArtifactStore, place: str) -> str:
    store.storage.publish_bytes(b"short", _file(store, place))
    return "a.bin has 5 of 64 bytes"


def lose_file(store: ArtifactStore, place: str) -> str:
    store.storage.remove([_file(store, place)])
    return "a.bin is missing"


@pytest.mark.parametrize("harm", [harm_manifest, harm_file, shorten_file, lose_file])
def test_a_damaged_artifact_is_set_aside_with_its_names(
    store: ArtifactStore, harm: Callable[[ArtifactStore, str], str]
) -> None:
    whole = named(store)
    name, policy = f"{ARM}/001/policy_checkpoint", f"{ARM}/002/policy"
    place = folder(store, name)
    fault = harm(store, place)
    artifact, *names = find(store)
    assert artifact.place.startswith(place)
    assert artifact.fault.startswith(fault)
    assert {each.place for each in names if each.what == "reference"} == {
        path_of(name),
        path_of(policy),
    }
    for finding in (artifact, *names):
        if finding.mend is not None:
            finding.mend()
    assert named(store) == {k: v for k, v in whole.items() if k not in (name, policy)}
    left = find(store)
    assert {each.what for each in left} <= {"input", "leftovers"}
    assert {each.severity for each in left} == {"note"}
    aside = [file.path for file in store.storage.listing(".quarantine")]
    assert f".quarantine/20260131T120000Z/{place}/manifest.json" in aside

    # The same training makes the same artifact again.
    lineage(store, ARM, 3)
    assert named(store) == whole
    # `rlsd gc` takes what was set aside once it is old.
    inventory = take_inventory(store.storage)
    removals = plan(store.storage, inventory, {}, MOMENT.timestamp() + 1)
    (removal,) = (each for each in removals if each.why == SET_ASIDE)
    collect(store.storage, [removal], MOMENT.timestamp() + 1)
    assert store.storage.listing(".quarantine") == []
    assert plan(store.storage, inventory, {}, MOMENT.timestamp() - 1) == []


def test_what_is_of_another_version_is_told_and_left(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PolicyCheckpoint, "schema_version", 2)
    older = [each for each in find(store) if each.what == "record"]
    assert len(older) == 2 * (1 + 3)
    assert all(each.mend is not None for each in older)
    assert "PolicyCheckpoint version 1, not PolicyCheckpoint version 2" in older[0].fault
    monkeypatch.undo()
    newer = ArtifactRequest("policy", "2", {})
    monkeypatch.setattr(PolicyCheckpoint, "schema_version", 2)
    example = PolicyCheckpoint.model_validate(PolicyCheckpoint.example)
    store.produce(newer, lambda writer: writer.record(example))
    monkeypatch.undo()
    (finding,) = find(store)
    assert "PolicyCheckpoint version 2, and this checkout reads up to version 1" in finding.fault
    assert (finding.remedy, finding.mend) == ("use the version that wrote it", None)


def test_lost_inputs_and_leftovers_are_notes(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    lineage(store, ARM, 1)
    shutil.rmtree(tmp_path / "store" / folder(store, f"{ARM}/000/rewards"))
    (tmp_path / "store" / path_of(f"{ARM}/000/rewards")).unlink()
    stale = tmp_path / "store" / ".staging" / "killed" / "content"
    stale.parent.mkdir(parents=True)
    stale.touch()
    for path in (stale, stale.parent):
        os.utime(path, (time.time() - 7200,) * 2)
    findings = {each.what: each for each in find(store)}
    assert set(findings) == {"input", "leftovers"}
    assert findings["input"].fault.startswith("it was made from rewards ")
    assert findings["leftovers"].fault == "left by a killed process: 0 bytes"


def test_another_experiment_is_not_looked_at(store: ArtifactStore) -> None:
    store.storage.publish_bytes(b"", path_of("other/arm/000/rollouts"))
    assert find(store, "small") == []
    (finding,) = find(store)
    assert finding.remedy.startswith("taken away")
    assert finding.mend is not None
    finding.mend()
    assert [each.severity for each in find(store)] == ["note"]


def test_an_equal_artifact_that_was_made_from_others_is_not_taken(store: ArtifactStore) -> None:
    """Two experiments whose rewards are all 0 have rewards of one content."""

    def made(stage: str, at: str, content: str, **inputs: str) -> str:
        request = ArtifactRequest(stage, "1", {"of": at}, inputs, {})
        artifact = store.produce(
            request, lambda writer: writer.path("a.bin").write_text(content) and None
        )
        store.set_ref(f"{at}/{stage}", artifact)
        return artifact.digest

    for at in ("one/grpo-s0/000", "two/grpo-s0/000"):
        rollouts = made("rollouts", at, at)
        rewards = made("rewards", at, "equal", rollouts=rollouts)
        made("token_weights", at, at, rollouts=rollouts, rewards=rewards)
    name = "two/grpo-s0/000/rewards"
    lost = folder(store, name)
    store.storage.remove([f"{lost}/manifest.json", f"{lost}/a.bin"])
    (finding,) = [each for each in find(store) if each.place == path_of(name)]
    assert finding.remedy == "taken away; the next run of its stage writes it again"
