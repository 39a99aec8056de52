"""What garbage collection takes, and what it must not."""

import os
import time
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore
from rlsd_pipeline.artifacts.garbage import (
    INCOMPLETE,
    STAGED,
    SUPERSEDED,
    UNREACHABLE,
    Drop,
    Removal,
    collect,
    plan,
)
from rlsd_pipeline.artifacts.inventory import take_inventory
from rlsd_pipeline.errors import ArtifactError, CollectedError

LATER = 1e12
"""A time before which everything was written."""


def make(store: ArtifactStore, name: str, *inputs: Artifact, stage: str = "made") -> Artifact:
    """An artifact of two files that depends on others; its content is its name."""
    request = ArtifactRequest(
        stage, "1", {"name": name}, {str(i): each.digest for i, each in enumerate(inputs)}
    )
    return store.produce(
        request,
        lambda out: (out.path("a.bin").write_text(name), out.path("b.bin").write_text("b" * 1000)),
    )


def planned(
    store: ArtifactStore, before: float = LATER, drops: dict[str, list[Drop]] | None = None
) -> list[Removal]:
    return plan(store.storage, take_inventory(store.storage), drops or {}, before, ("responses",))


def is_there(store: ArtifactStore, artifact: Artifact) -> bool:
    return store.find(artifact.stage, artifact.fingerprint) is not None


def test_what_a_reference_reaches_is_kept_however_far_back(any_store: ArtifactStore) -> None:
    root = make(any_store, "root")
    middle = make(any_store, "middle", root)
    leaf = make(any_store, "leaf", middle)
    other = make(any_store, "other", root)
    any_store.set_ref("small/leaf", leaf)
    (removal,) = planned(any_store)
    assert (removal.why, removal.owner) == (UNREACHABLE, "made")
    assert other.fingerprint in removal.folder
    assert removal.size > 1005
    assert collect(any_store.storage, [removal], LATER) == removal.size
    assert [is_there(any_store, each) for each in (root, middle, leaf, other)] == [True] * 3 + [
        False
    ]
    assert planned(any_store) == []
    assert leaf.local_path("a.bin").read_text() == "leaf"


def test_a_plan_deletes_nothing(any_store: ArtifactStore) -> None:
    made = make(any_store, "made")
    listed = any_store.storage.listing("")
    planned(any_store)
    assert any_store.storage.listing("") == listed
    assert is_there(any_store, made)


def test_what_is_young_is_kept(any_store: ArtifactStore) -> None:
    make(any_store, "made")
    assert planned(any_store, before=time.time() - 3600) == []


def test_what_is_found_counts_as_used(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    first, second = make(store, "first"), make(store, "second")
    for file in store.storage.listing(""):
        os.utime(tmp_path / file.path, (time.time() - 7200,) * 2)
    assert make(store, "first").cache_hit
    (removal,) = planned(store, before=time.time() - 3600)
    assert second.fingerprint in removal.folder
    assert is_there(store, first)


def test_what_is_used_after_the_plan_is_spared(tmp_path: Path) -> None:
    store, before = ArtifactStore(tmp_path), time.time() - 3600
    made = [make(store, name) for name in ("found", "referred", "neither")]
    for file in store.storage.listing(""):
        os.utime(tmp_path / file.path, (time.time() - 7200,) * 2)
    removals = planned(store, before)
    assert len(removals) == 3
    assert make(store, "found").cache_hit
    store.set_ref("small/referred", made[1])
    assert collect(store.storage, removals, before) == removals[0].size
    assert [is_there(store, each) for each in made] == [True, True, False]


def test_a_companion_stays_while_all_of_its_inputs_do(any_store: ArtifactStore) -> None:
    policy, items, gone = (make(any_store, name) for name in ("policy", "items", "gone"))
    for artifact in (policy, items):
        any_store.set_ref(f"small/{artifact.fingerprint}", artifact)
    kept = make(any_store, "kept", policy, items, stage="responses.sampled")
    lost = make(any_store, "lost", policy, gone, stage="responses.sampled")
    collect(any_store.storage, planned(any_store), LATER)
    assert is_there(any_store, kept)
    assert not is_there(any_store, lost)


def test_what_never_finished_goes_once_it_is_old(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    old, young = f"made/aa/{'a' * 64}", f"made/bb/{'b' * 64}"
    for folder in (old, young):
        for name in ("x.bin", "y.bin"):
            store.storage.publish_bytes(b"half", f"{folder}/{name}")
    for path in (tmp_path / old).iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    os.utime(tmp_path / young / "x.bin", (time.time() - 7200,) * 2)
    (removal,) = planned(store, before=time.time() - 3600)
    assert (removal.why, removal.folder, removal.size) == (INCOMPLETE, old, 8)
    assert collect(store.storage, [removal], time.time() - 3600) == 8
    assert not (tmp_path / old).exists()
    assert len(list((tmp_path / young).iterdir())) == 2


def test_a_result_that_was_replaced_goes_and_its_successor_stays(any_store: ArtifactStore) -> None:
    request = ArtifactRequest("made", "1", {})
    for text in ("former", "later"):
        made = any_store.produce(
            request, lambda out, text=text: out.path("a.bin").write_text(text), recompute=True
        )
    any_store.set_ref("small/made", made)
    (removal,) = planned(any_store)
    assert (removal.why, removal.size) == (SUPERSEDED, len("former"))
    collect(any_store.storage, [removal], LATER)
    assert planned(any_store) == []
    assert made.local_path("a.bin").read_text() == "later"


def test_what_a_killed_process_staged_goes(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    staged = tmp_path / ".staging" / "dead" / "weights.bin"
    staged.parent.mkdir(parents=True)
    staged.write_bytes(b"12345")
    (removal,) = planned(store)
    assert (removal.why, removal.size) == (STAGED, 5)
    assert collect(store.storage, [removal], LATER) == 5
    assert not staged.parent.exists()


def drop_b(store: ArtifactStore, artifact: Artifact) -> list[Removal]:
    folder = f"{artifact.stage}/{artifact.fingerprint[:2]}/{artifact.fingerprint}"
    return planned(store, drops={folder: [Drop("b.bin", "weights", "small/arm")]})


def test_a_dropped_file_is_recorded_and_its_artifact_stays(any_store: ArtifactStore) -> None:
    made = make(any_store, "made")
    any_store.set_ref("small/made", made)
    (removal,) = drop_b(any_store, made)
    assert (removal.why, removal.owner, removal.size) == ("weights", "small/arm", 1000)
    collect(any_store.storage, [removal], LATER)

    found = any_store.ref("small/made")
    assert found is not None
    assert (found.digest, list(found.collected)) == (made.digest, ["b.bin"])
    assert found.local_path("a.bin").read_text() == "made"
    message = r"b\.bin of made .* was deleted to save room on 20\d\d-.*rlsd restore"
    with pytest.raises(CollectedError, match=message):
        found.local_path("b.bin")
    # A hit does no work, and a second collection finds nothing.
    assert make(any_store, "made").cache_hit
    assert drop_b(any_store, made) == []


def test_a_dropped_file_comes_back_with_recompute(any_store: ArtifactStore) -> None:
    made = make(any_store, "made")
    any_store.set_ref("small/made", made)
    collect(any_store.storage, drop_b(any_store, made), LATER)
    request = ArtifactRequest("made", "1", {"name": "made"}, {})
    any_store.produce(
        request,
        lambda out: (
            out.path("a.bin").write_text("made"),
            out.path("b.bin").write_text("b" * 1000),
        ),
        recompute=True,
    )
    found = any_store.ref("small/made")
    assert found is not None
    assert (found.digest, dict(found.collected)) == (made.digest, {})
    assert found.local_path("b.bin").read_text() == "b" * 1000


def test_a_file_that_is_missing_and_not_recorded_is_damage(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    made = make(store, "made")
    made.local_path("a.bin").unlink()
    collect(store.storage, drop_b(store, made), LATER)
    assert store.find(made.stage, made.fingerprint) is None


def test_nothing_is_planned_where_a_manifest_is_damaged(any_store: ArtifactStore) -> None:
    made = make(any_store, "made")
    folder = f"made/{made.fingerprint[:2]}/{made.fingerprint}"
    any_store.storage.publish_bytes(b"{}", f"{folder}/manifest.json")
    with pytest.raises(ArtifactError, match=r"manifest\.json is no manifest"):
        planned(any_store)
