"""What other processes may do to a store: die in it, and write to it at the same time."""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, ArtifactWriter
from rlsd_pipeline.artifacts.local_storage import LocalStorage
from schemas import Rollout

pytestmark = pytest.mark.slow

Start = Callable[..., subprocess.Popen[str]]

REQUEST = ArtifactRequest("rollouts", "1", {})

# A fresh interpreter would load the libraries anew.
FORK = multiprocessing.get_context("fork")


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def write_and_die(root: Path, moment: str) -> None:
    def write(writer: ArtifactWriter) -> None:
        writer.path("a.bin").write_bytes(b"a")
        writer.path("b.bin").write_bytes(b"b")
        if moment == "in write":
            die()

    if moment == "before the manifest":
        LocalStorage.publish_bytes = die  # type: ignore[method-assign]
    ArtifactStore(root).produce(REQUEST, write)


def write_together(root: Path, content: str, barrier: Barrier, digests: Connection) -> None:
    def write(writer: ArtifactWriter) -> None:
        writer.path("a.bin").write_text(content * 100_000)
        writer.path("b.bin").write_text(content)
        barrier.wait(30)

    artifact = ArtifactStore(root).produce(REQUEST, write)
    assert not artifact.cache_hit
    digests.send(artifact.digest)


PRINT_DIGESTS = """
import sys
from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore, to_table
from schemas import Problem, Rollout

request = ArtifactRequest("rollouts", "1", {"b": 1, "a": {"d": 2, "c": 3}})
def write(writer):
    for record in (Problem, Rollout):
        example = record.model_validate(record.example).model_dump()
        writer.table(record, to_table(record, {name: [value] for name, value in example.items()}))
print(request.fingerprint, ArtifactStore(sys.argv[1]).produce(request, write).digest)
"""


def finish(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output.strip()


@pytest.mark.parametrize("moment", ["in write", "before the manifest"])
def test_a_killed_process_leaves_no_artifact(moment: str, tmp_path: Path) -> None:
    process = FORK.Process(target=write_and_die, args=(tmp_path, moment))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    published = len(list((tmp_path / "rollouts").rglob("*.bin")))
    assert published == {"in write": 0, "before the manifest": 2}[moment]

    store = ArtifactStore(tmp_path)
    assert store.find(REQUEST.stage, REQUEST.fingerprint) is None

    def write(writer: ArtifactWriter) -> None:
        writer.path("a.bin").write_bytes(b"a")

    assert store.produce(REQUEST, write).local_path("a.bin").read_bytes() == b"a"


@pytest.mark.parametrize("contents", ["xx", "xy"])
def test_two_processes_at_once_leave_one_whole_artifact(contents: str, tmp_path: Path) -> None:
    barrier, (ours, theirs) = FORK.Barrier(2), FORK.Pipe(duplex=False)
    processes = [
        FORK.Process(target=write_together, args=(tmp_path, content, barrier, theirs))
        for content in contents
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    digests = [ours.recv() for _ in processes]
    assert len(set(digests)) == len(set(contents))

    artifact = ArtifactStore(tmp_path).find(REQUEST.stage, REQUEST.fingerprint)
    assert artifact is not None
    assert artifact.digest in digests
    content = artifact.local_path("b.bin").read_text()
    assert content in contents
    assert artifact.local_path("a.bin").read_text() == content * 100_000
    assert list((tmp_path / ".staging").iterdir()) == []


def test_two_processes_compute_the_same_digests(tmp_path: Path, start_python: Start) -> None:
    processes = [start_python(PRINT_DIGESTS, tmp_path / name) for name in ("one", "two")]
    one, two = (finish(process) for process in processes)
    assert one == two
    assert len(one.split()) == 2


def test_the_store_loads_no_model_library(start_python: Start) -> None:
    loaded = finish(start_python("import sys, rlsd_pipeline.artifacts; print(*sys.modules)"))
    assert {"torch", "transformers", "dagster"}.isdisjoint(loaded.split())
    assert Rollout.__module__ in loaded.split()
