"""Manifests and references: what was written is what is read, or the file is named."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.artifacts.fingerprint import json_digest
from rlsd_pipeline.errors import ArtifactError, DamagedError, VersionError

REQUEST = ArtifactRequest("rollouts", "1", {"temperature": 1.0}, {"policy": "a" * 64}, {"arm": 0})
FORMER = Path(__file__).parent / "former_store"
NAME = "small/rlsd-s0/001/rollouts"
OTHER = "small/grpo-s0/001/rollouts"


def write(writer: ArtifactWriter) -> None:
    writer.path("a.bin").write_bytes(b"a")


@pytest.fixture
def manifest(store: ArtifactStore) -> Path:
    made = store.produce(REQUEST, write)
    store.set_ref(NAME, made)
    return Path(made.location) / "manifest.json"


@pytest.fixture
def reference(store: ArtifactStore, manifest: Path) -> Path:
    return Path(store.url) / ".refs" / f"{NAME}.json"


def put(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def change(path: Path, **changes: Any) -> None:
    """Change fields and state the checksum that then holds; None takes a field away."""
    fields = json.loads(path.read_bytes())
    del fields["checksum"]
    fields = {k: v for k, v in (fields | changes).items() if v is not None}
    put(path, json.dumps({"checksum": json_digest(fields), **fields}).encode())


def flips(path: Path) -> Iterator[int]:
    """Flip two bits of every byte of a file, one after the other; those that change no value aside.

    Yields:
        Where, once the flipped file lies there.
    """
    whole = path.read_bytes()
    for position in range(len(whole)):
        for bit in (1, 16):
            flipped = bytearray(whole)
            flipped[position] ^= bit
            put(path, bytes(flipped))
            if not _same(flipped, whole):
                yield position


def test_any_flipped_bit_of_a_manifest_is_named(store: ArtifactStore, manifest: Path) -> None:
    for _ in flips(manifest):
        with pytest.raises(DamagedError, match=r"manifest\.json is no manifest: .*doctor"):
            store.find(REQUEST.stage, REQUEST.fingerprint)


def test_any_flipped_bit_of_a_reference_is_named(store: ArtifactStore, reference: Path) -> None:
    for _ in flips(reference):
        with pytest.raises(DamagedError, match=r"001/rollouts\.json is no reference: .*doctor"):
            store.ref(NAME)


def _same(flipped: bytes, whole: bytes) -> bool:
    """Whether only white space has changed."""
    try:
        return json.loads(flipped) == json.loads(whole)
    except ValueError:
        return False


@pytest.mark.parametrize("content", [b"", b" \n", b"[]", b"{", b"\xff\xfe", b'{"a": NaN}', b"{}"])
def test_what_is_no_document_is_one_message(
    store: ArtifactStore, manifest: Path, reference: Path, content: bytes
) -> None:
    put(reference, content)
    with pytest.raises(DamagedError, match=r"rollouts\.json is no reference: .*rlsd doctor --mend"):
        store.ref(NAME)
    put(manifest, content)
    with pytest.raises(DamagedError, match=r"manifest\.json is no manifest: .*rlsd doctor --mend"):
        store.find(REQUEST.stage, REQUEST.fingerprint)


def test_a_reference_that_was_copied_from_another_arm_is_refused(
    store: ArtifactStore, reference: Path
) -> None:
    other = store.produce(ArtifactRequest("rollouts", "1", {}, seeds={"arm": 1}), write)
    store.set_ref(OTHER, other)
    reference.unlink()
    shutil.copyfile(Path(store.url) / ".refs" / f"{OTHER}.json", reference)
    with pytest.raises(DamagedError, match=f"it is that of '{OTHER}', copied here"):
        store.ref(NAME)


def test_a_manifest_that_was_copied_from_another_folder_is_refused(
    store: ArtifactStore, manifest: Path
) -> None:
    other = store.produce(ArtifactRequest("rollouts", "1", {}, seeds={"arm": 1}), write)
    put(manifest, (Path(other.location) / "manifest.json").read_bytes())
    with pytest.raises(DamagedError, match=r"it is that of rollouts \w{12}, not of this folder"):
        store.find(REQUEST.stage, REQUEST.fingerprint)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {"temperature": 0.5}}, "do not give its fingerprint"),
        ({"inputs": {}}, "do not give its fingerprint"),
        ({"digest": "b" * 64}, "do not give its digest"),
        ({"colour": "red"}, "colour: unknown key"),
        ({"files": None}, "files: required, but missing"),
        ({"schema_version": 0}, "its schema_version is 0, and versions are counted from 1"),
        ({"schema_version": "2"}, "its schema_version is '2'"),
        ({"schema_version": True}, "its schema_version is True"),
    ],
)
def test_a_manifest_must_agree_with_itself(
    store: ArtifactStore, manifest: Path, changes: dict[str, Any], message: str
) -> None:
    change(manifest, **changes)
    with pytest.raises(DamagedError, match=message):
        store.find(REQUEST.stage, REQUEST.fingerprint)


def test_a_newer_manifest_names_the_version_that_reads_it(
    store: ArtifactStore, manifest: Path
) -> None:
    libraries = {"rlsd-pipeline": "7.5.0"}
    change(manifest, schema_version=3, libraries=libraries, colour="red")
    with pytest.raises(VersionError, match=r"manifest version 3, .* up to version 2: .* 7\.5\.0"):
        store.find(REQUEST.stage, REQUEST.fingerprint)


def test_a_newer_reference_is_refused(store: ArtifactStore, reference: Path) -> None:
    change(reference, schema_version=4)
    with pytest.raises(VersionError, match=r"reference version 4, .* up to version 3"):
        store.ref(NAME)


def test_version_2_has_a_checksum_and_a_reference_its_name(
    store: ArtifactStore, manifest: Path, reference: Path
) -> None:
    change(reference, name=None)
    with pytest.raises(DamagedError, match="it does not say its name"):
        store.ref(NAME)
    for path, find in (
        (reference, lambda: store.ref(NAME)),
        (manifest, lambda: store.find(REQUEST.stage, REQUEST.fingerprint)),
    ):
        fields = json.loads(path.read_bytes())
        del fields["checksum"]
        put(path, json.dumps(fields).encode())
        with pytest.raises(
            DamagedError, match=r"it has no checksum, and every one of version [23]"
        ):
            find()


def test_a_byte_of_an_earlier_version_is_named_where_it_changes_what_follows(
    tmp_path: Path,
) -> None:
    former = ArtifactStore(shutil.copytree(FORMER, tmp_path / "store"))
    name = "small/rlsd-s0/000/rollouts"
    found = former.ref(name)
    assert found is not None
    path = Path(found.location) / "manifest.json"
    fields = json.loads(path.read_bytes())
    changes = {
        "code_version": "3",
        "config": fields["config"] | {"responses": "other"},
        "seeds": fields["seeds"] | {"iteration": 1},
        "inputs": fields["inputs"] | {"policy": "0" * 64},
        "schema_version": 0,
        "stage": "rewards",
        "digest": "0" * 64,
    }
    for key, value in changes.items():
        put(path, json.dumps(fields | {key: value}).encode())
        with pytest.raises(ArtifactError, match=r"manifest\.json is no manifest"):
            former.ref(name)
