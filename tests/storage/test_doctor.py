"""Damage on real servers: found in the bytes that they hold, set aside there, and made anew."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.artifacts.inventory import survey
from rlsd_pipeline.artifacts.quarantine import QUARANTINE
from rlsd_pipeline.doctor.examination import chosen, examine
from rlsd_pipeline.doctor.finding import Finding

MOMENT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
CONTENT = bytes(range(256)) * 2**15
"""8 MiB, in more than one block of what a client asks for at a time."""


def write(writer: ArtifactWriter) -> None:
    writer.path("a.bin").write_bytes(CONTENT)


def make(store: ArtifactStore, iteration: int) -> Artifact:
    request = ArtifactRequest("rollouts", "1", {}, seeds={"iteration": iteration})
    artifact = store.produce(request, write)
    store.set_ref(f"small/rlsd-s0/{iteration:03d}/rollouts", artifact)
    return artifact


def place(artifact: Artifact, name: str) -> str:
    return f"rollouts/{artifact.fingerprint[:2]}/{artifact.fingerprint}/{name}"


def find(store: ArtifactStore, read: list[int]) -> list[Finding]:
    found = survey(store.storage)
    return examine(store, found, chosen(found, None), MOMENT, read=read.append)


def test_a_digest_is_of_the_bytes_that_lie_there(url: str, tmp_path: Path) -> None:
    storage = ArtifactStore(url, cache=tmp_path).storage
    assert storage.digest("kept/a.bin") is None
    for content in (CONTENT, b"", CONTENT[:-1] + b"x"):
        storage.publish_bytes(content, "kept/a.bin")
        assert storage.digest("kept/a.bin") == hashlib.sha256(content).hexdigest()
    assert not list(tmp_path.rglob("*.bin"))


def test_a_move_takes_the_place_of_what_was_there(url: str, tmp_path: Path) -> None:
    storage = ArtifactStore(url, cache=tmp_path).storage
    storage.publish_bytes(CONTENT, "from/a.bin")
    storage.publish_bytes(b"earlier", "to/the/a.bin")
    storage.move("from/a.bin", "to/the/a.bin")
    assert storage.read("to/the/a.bin") == CONTENT
    assert [file.path for file in storage.listing("")] == ["to/the/a.bin"]
    storage.move("from/a.bin", "to/the/a.bin")
    assert storage.read("to/the/a.bin") == CONTENT


def test_damage_in_a_bucket_is_named_set_aside_and_made_anew(url: str, tmp_path: Path) -> None:
    store = ArtifactStore(url, cache=tmp_path / "here")
    made = [make(store, iteration) for iteration in range(4)]
    read: list[int] = []
    assert find(store, read) == []
    assert read == [len(CONTENT)] * 4

    storage = store.storage
    weights = place(made[0], made[0].manifest.files["a.bin"].path)
    storage.publish_bytes(CONTENT[:-1] + b"x", weights)
    manifest = place(made[1], "manifest.json")
    stated = json.loads(storage.read(manifest) or b"")
    storage.publish_bytes(json.dumps({**stated, "code_version": "2"}).encode(), manifest)
    storage.publish_bytes(b"", ".refs/small/rlsd-s0/002/rollouts.json")

    findings = find(store, [])
    damage = {finding.place: finding for finding in findings if finding.severity == "damage"}
    assert "does not have the checksum that it states" in damage[manifest].fault
    assert "a.bin has SHA-256" in damage[weights.rpartition("/")[0]].fault
    assert damage[".refs/small/rlsd-s0/002/rollouts.json"].fault == "it is empty"
    for finding in findings:
        if finding.mend is not None:
            finding.mend()
    aside = [file.path for file in storage.listing(QUARANTINE)]
    assert f"{QUARANTINE}/20260131T120000Z/{weights}" in aside
    assert f"{QUARANTINE}/20260131T120000Z/{manifest}" in aside

    there = ArtifactStore(url, cache=tmp_path / "there")
    again = [make(there, iteration) for iteration in range(4)]
    assert [artifact.digest for artifact in again] == [artifact.digest for artifact in made]
    assert [artifact.cache_hit for artifact in again] == [False, False, True, True]
    assert [finding for finding in find(there, []) if finding.severity == "damage"] == []
