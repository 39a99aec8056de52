"""The store on real servers: what other processes do to it, and what the network does."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rlsd_pipeline.artifacts import (
    Artifact,
    ArtifactRequest,
    ArtifactStore,
    ArtifactWriter,
    object_storage,
)
from rlsd_pipeline.artifacts.garbage import INCOMPLETE, UNREACHABLE, UPLOAD, Drop, collect, plan
from rlsd_pipeline.artifacts.inventory import take_inventory
from rlsd_pipeline.errors import ArtifactError, CollectedError

Start = Callable[..., subprocess.Popen[str]]

REQUEST = ArtifactRequest("rollouts", "1", {})

DIE = """
import os, signal, sys
import s3fs
from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore

url, cache, moment = sys.argv[1:]
call = s3fs.S3FileSystem._call_s3
async def call_or_die(self, method, *args, **kwargs):
    begins = method in ("put_object", "create_multipart_upload")
    if method == moment or begins and moment in kwargs["Key"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return await call(self, method, *args, **kwargs)
s3fs.S3FileSystem._call_s3 = call_or_die

def write(writer):
    writer.path("a.bin").write_bytes(b"a")
    with writer.path("b.bin").open("wb") as file:
        file.truncate(101 * 2**20)  # In several parts.
ArtifactStore(url, cache=__import__("pathlib").Path(cache)).produce(
    ArtifactRequest("rollouts", "1", {}), write)
"""

WRITE_TOGETHER = """
import sys, time
from pathlib import Path
from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore

url, folder, name, content = sys.argv[1:]
def write(writer):
    writer.path("a.bin").write_text(content * 100_000)
    writer.path("b.bin").write_text(content)
    Path(folder, name).touch()
    deadline = time.monotonic() + 60
    while not (Path(folder, "one").exists() and Path(folder, "two").exists()):
        assert time.monotonic() < deadline
        time.sleep(0.001)

store = ArtifactStore(url, cache=Path(folder, "cache"))
artifact = store.produce(ArtifactRequest("rollouts", "1", {}), write)
store.set_ref("small/rollouts", artifact)
print(artifact.digest)
"""


def write(writer: ArtifactWriter) -> None:
    writer.path("a.bin").write_bytes(b"a")
    writer.path("b.bin").write_bytes(b"b" * 1000)


def fail(writer: ArtifactWriter) -> NoReturn:
    raise AssertionError("the store asked for work that it should not")


def test_what_one_process_writes_another_reads(url: str, tmp_path: Path) -> None:
    here, there = (ArtifactStore(url, cache=tmp_path / name) for name in ("here", "there"))
    # Both look first: nothing that is remembered of this may hide what comes.
    assert here.find(REQUEST.stage, REQUEST.fingerprint) is None
    assert there.ref("small/rlsd-s0/000/rollouts") is None
    assert list(there.refs()) == []

    made = here.produce(REQUEST, write)
    here.set_ref("small/rlsd-s0/000/rollouts", made)
    found = there.ref("small/rlsd-s0/000/rollouts")
    assert found is not None
    assert (found.digest, found.cache_hit) == (made.digest, True)
    assert found.local_path("b.bin").read_bytes() == b"b" * 1000
    assert list(there.refs("small/rlsd")) == ["small/rlsd-s0/000/rollouts"]
    assert there.produce(REQUEST, fail).digest == made.digest
    assert found.location == f"{url.partition('://')[2]}/rollouts/{_place(REQUEST)}"


def test_a_file_is_downloaded_once_and_one_that_was_written_here_never(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gets: list[str] = []

    def counted(store: ArtifactStore) -> ArtifactStore:
        filesystem = store.storage._filesystem  # type: ignore[attr-defined]
        get = type(filesystem).get_file
        monkeypatch.setattr(
            filesystem, "get_file", lambda *names: (gets.append(names[0]), get(filesystem, *names))
        )
        return store

    made = counted(ArtifactStore(url, cache=tmp_path / "here")).produce(REQUEST, write)
    made.local_path("a.bin")
    assert gets == []
    for _ in range(2):
        other = ArtifactStore(url, cache=tmp_path / "there")
        counted(other).produce(REQUEST, fail).local_path("a.bin")
    assert len(gets) == 1


@pytest.mark.parametrize("moment", ["b-", "upload_part", "complete_multipart_upload", "manifest"])
def test_a_process_killed_while_uploading_leaves_nothing_visible(
    moment: str, s3: str, tmp_path: Path, start_python: Start
) -> None:
    process = start_python(DIE, s3, tmp_path / "theirs", moment)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, errors

    store = ArtifactStore(s3, cache=tmp_path / "ours")
    assert store.find(REQUEST.stage, REQUEST.fingerprint) is None
    names = {Path(file.path).name for file in store.storage.listing("rollouts")}
    assert len(names) == (2 if moment == "manifest" else 1)
    in_parts = moment in ("upload_part", "complete_multipart_upload")
    assert len(store.storage.unfinished_uploads()) == in_parts

    assert store.produce(REQUEST, write).local_path("b.bin").read_bytes() == b"b" * 1000
    found = ArtifactStore(s3, cache=tmp_path / "third").find(REQUEST.stage, REQUEST.fingerprint)
    assert found is not None
    assert found.local_path("a.bin").read_bytes() == b"a"


@pytest.mark.parametrize("contents", ["xx", "xy"])
def test_two_processes_at_once_leave_one_whole_artifact(
    contents: str, url: str, tmp_path: Path, start_python: Start
) -> None:
    processes = [
        start_python(WRITE_TOGETHER, url, tmp_path, name, content)
        for name, content in zip(("one", "two"), contents, strict=True)
    ]
    digests = []
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        digests.append(output.strip())
    assert len(set(digests)) == len(set(contents))

    store = ArtifactStore(url, cache=tmp_path / "fresh")
    artifact = store.ref("small/rollouts")
    assert artifact is not None
    assert artifact.digest in digests
    content = artifact.local_path("b.bin").read_text()
    assert content in contents
    assert artifact.local_path("a.bin").read_text() == content * 100_000


def test_a_damaged_object_is_named(url: str, tmp_path: Path) -> None:
    made = ArtifactStore(url, cache=tmp_path / "here").produce(REQUEST, write)
    path = f"rollouts/{_place(REQUEST)}/{made.manifest.files['a.bin'].path}"
    made.storage.publish_bytes(b"A", path)
    found = ArtifactStore(url, cache=tmp_path / "there").find(REQUEST.stage, REQUEST.fingerprint)
    assert found is not None
    with pytest.raises(ArtifactError, match=r"a-.*\.bin is damaged: expected SHA-256"):
        found.local_path("a.bin")


def test_a_network_that_fails_now_and_then_is_asked_again(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "_WAITS", (0.0, 0.0, 0.0))
    store = ArtifactStore(url, cache=tmp_path)
    filesystem = store.storage._filesystem  # type: ignore[attr-defined]
    failed: list[str] = []

    def flaky(name: str) -> Callable[..., Any]:
        real = getattr(type(filesystem), name)

        def call(*arguments: Any, **options: Any) -> Any:
            if failed.count(name) < 2:
                failed.append(name)
                raise ConnectionResetError("the network went away")
            return real(filesystem, *arguments, **options)

        return call

    names = ("put_file", "pipe_file", "cat_file", "find", "get_file")
    for name in names:
        monkeypatch.setattr(filesystem, name, flaky(name))
    made = store.produce(REQUEST, write)
    made.storage._cache._place(made.manifest.files["a.bin"].sha256, ".bin").unlink()  # type: ignore[attr-defined]
    found = store.find(REQUEST.stage, REQUEST.fingerprint)
    assert found is not None
    assert found.local_path("a.bin").read_bytes() == b"a"
    assert sorted(failed) == sorted(names * 2)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_bucket_that_is_not_there_is_found_out_before_the_work(
    scheme: str, s3: str, gcs: str, tmp_path: Path
) -> None:
    store = ArtifactStore(f"{scheme}://there-is-none/runs", cache=tmp_path)
    with pytest.raises(ArtifactError, match="create the bucket first"):
        store.produce(REQUEST, fail)


def test_a_server_that_is_down_is_named(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec

    fsspec.filesystem("s3").clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(object_storage, "_WAITS", ())
    with pytest.raises(ArtifactError, match=r"cannot be reached.*http://127.0.0.1:1.*ENDPOINT_URL"):
        ArtifactStore(s3, cache=tmp_path).find(REQUEST.stage, REQUEST.fingerprint)
    fsspec.filesystem("s3").clear_instance_cache()


def test_without_credentials_nothing_is_tried_again(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec

    fsspec.filesystem("s3").clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    with pytest.raises(ArtifactError, match="Unable to locate credentials"):
        ArtifactStore(s3, cache=tmp_path).find(REQUEST.stage, REQUEST.fingerprint)
    fsspec.filesystem("s3").clear_instance_cache()


def _place(request: ArtifactRequest) -> str:
    return f"{request.fingerprint[:2]}/{request.fingerprint}"


def test_garbage_goes_from_a_bucket_and_unfinished_uploads_with_it(
    s3: str, tmp_path: Path, start_python: Start
) -> None:
    process = start_python(DIE, s3, tmp_path / "theirs", "upload_part")
    process.communicate(timeout=120)
    store = ArtifactStore(s3, cache=tmp_path / "ours")
    lost = store.produce(ArtifactRequest("rollouts", "2", {}), write)
    kept = store.produce(ArtifactRequest("rollouts", "3", {}), write)
    store.set_ref("small/rollouts", kept)

    later = time.time() + 3600
    inventory = take_inventory(store.storage)
    drops = {f"rollouts/{_place_of(kept)}": [Drop("b.bin", "weights", "small/arm")]}
    removals = plan(store.storage, inventory, drops, later)
    found = {removal.why: removal.size for removal in removals}
    assert set(found) == {UNREACHABLE, INCOMPLETE, UPLOAD, "weights"}
    assert (found["weights"], found[INCOMPLETE]) == (1000, 1)
    assert collect(store.storage, removals, later) == sum(found.values())

    assert store.storage.unfinished_uploads() == []
    assert store.find(lost.stage, lost.fingerprint) is None
    there = ArtifactStore(s3, cache=tmp_path / "fresh").ref("small/rollouts")
    assert there is not None
    assert there.digest == kept.digest
    assert there.local_path("a.bin").read_bytes() == b"a"
    with pytest.raises(CollectedError, match="deleted to save room"):
        there.local_path("b.bin")


def _place_of(artifact: Artifact) -> str:
    return f"{artifact.fingerprint[:2]}/{artifact.fingerprint}"
