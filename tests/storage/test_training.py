"""Training whose artifacts lie on an object store is training whose artifacts lie on a disk."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rlsd_pipeline.artifacts import ArtifactStore

ARMS = ("grpo-s0", "rlsd-s0")
MAIN = "from assets.cli import main; main()"


def start(file: Path, home: Path, store: str, *arms: str) -> subprocess.Popen[str]:
    """`rlsd train` for one iteration, as a user starts it."""
    chosen = [part for arm in arms for part in ("--arm", arm)]
    return rlsd(home, store, "train", str(file), *chosen, "--iterations", "1")


def rlsd(home: Path, store: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        env={**os.environ, "RLSD_HOME": str(home), "RLSD_STORE": store, "RLSD_CACHE": f"{home}/c"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "accuracy on held-out questions" in output


def digests(store: ArtifactStore) -> dict[str, str]:
    """Content of everything that a reference names."""
    found = {name: store.ref(name) for name in store.refs("small/")}
    return {name: artifact.digest for name, artifact in found.items() if artifact is not None}


def manifests(store: ArtifactStore) -> int:
    return sum(file.path.endswith("/manifest.json") for file in store.storage.listing(""))


def test_two_trainings_on_one_bucket_one_of_them_killed(
    s3: str, declare: Callable[..., Path], tmp_path: Path
) -> None:
    file, store = declare(), ArtifactStore(s3, cache=tmp_path / "cache")
    killed, other = (start(file, tmp_path / arm, s3, arm) for arm in ARMS)
    deadline = time.monotonic() + 120
    while manifests(store) < 6:
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    finish(other)
    finish(start(file, tmp_path / ARMS[0], s3, ARMS[0]))

    examination = rlsd(tmp_path / ARMS[0], s3, "doctor")
    output, errors = examination.communicate(timeout=120)
    assert (examination.returncode, "the store is sound" in output) == (0, True), output + errors

    local = tmp_path / "local"
    finish(start(file, tmp_path / "home", str(local), *ARMS))
    expected = digests(ArtifactStore(local))
    assert len(expected) == 1 + 2 * (2 + 5 + 2)
    assert digests(store) == expected
    assert not (tmp_path / "home" / "c").exists()
