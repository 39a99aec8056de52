"""Training that is killed again and again ends where training that is left alone does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.cli.loop import open_instance
from assets.recovery import PROCESS_TAG
from rlsd_pipeline.artifacts import ArtifactStore

ARM = "rlsd-s0"
ITERATIONS = 2

# Loading the libraries takes longer than training, so they are loaded once; every command is then
# a process and a session of its own. It may be told to die by itself where no one outside could
# aim: before the manifest of a stage is published, or before the next policy is.
COMMANDS = """
import json, os, signal, sys

import dagster
import matplotlib.figure
import pandas
import scipy.stats
from transformers.models.qwen3_vl import modeling_qwen3_vl, processing_qwen3_vl

import assets.cli.train
import assets.pictures
import assets.stages.policy_checkpoint
import rlsd_pipeline.models.warm_start
import rlsd_pipeline.stages.evaluation.responding
import rlsd_pipeline.stages.iteration.contexts
import rlsd_pipeline.stages.iteration.sampling
import rlsd_pipeline.update.policy_update
from assets.cli import main
from assets.cli.loop import open_instance
from rlsd_pipeline.artifacts.local_storage import LocalStorage

with open_instance():
    del os.environ["DAGSTER_HOME"]

def die(*_):
    os.killpg(0, signal.SIGKILL)

def die_before_manifest(stage):
    publish = LocalStorage.publish_bytes
    def publish_or_die(storage, content, path):
        if path.startswith(stage) and path.endswith("manifest.json"):
            die()
        publish(storage, content, path)
    LocalStorage.publish_bytes = publish_or_die

# Half of so short a training is drawing.
assets.pictures._picture = lambda name, _: dagster.MetadataValue.md(name)

for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.environ["RLSD_HOME"] = order["home"]
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if order["before_manifest"]:
            die_before_manifest(order["before_manifest"])
        if order["before_publishing"]:
            assets.stages.policy_checkpoint._published = die
        main(order["arguments"])
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def folders(home: Path) -> set[str]:
    """Every artifact's folder, complete or not: stage, two digits, fingerprint."""
    root = home / "artifacts"
    stages = (path for path in root.glob("*") if not path.name.startswith("."))
    return {str(path.relative_to(root)) for stage in stages for path in stage.glob("*/*")}


def manifests(home: Path) -> dict[str, bytes]:
    """The complete artifacts of a home, by their folder."""
    files = {name: home / "artifacts" / name / "manifest.json" for name in folders(home)}
    return {name: path.read_bytes() for name, path in files.items() if path.exists()}


class Commands:
    """Starts commands of `rlsd train` on the tiny experiment, and kills them."""

    def __init__(self, process: subprocess.Popen[str], file: Path, log: Path) -> None:
        self.process = process
        self.file = file
        self.log = log
        self.killed: list[int] = []

    def train(
        self,
        home: Path,
        *,
        after: int = 0,
        before_manifest: str = "",
        before_publishing: bool = False,
    ) -> int:
        """Train to the end, or to a violent death.

        Args:
            home: Where everything is left.
            after: Kill it as soon as the store has so many manifests.
            before_manifest: It dies when that is all the next artifact of this stage lacks.
            before_publishing: It dies when a checkpoint is there and its policy is not.
        """
        order = {
            "arguments": ["train", str(self.file), "--arm", ARM, "--iterations", str(ITERATIONS)],
            "home": str(home),
            "log": str(self.log),
            "before_manifest": before_manifest,
            "before_publishing": before_publishing,
        }
        self._stdin.write(json.dumps(order) + "\n")
        self._stdin.flush()
        child = int(self._read())
        if after:
            deadline = time.monotonic() + 300
            while len(manifests(home)) < after:
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.002)
            os.killpg(child, signal.SIGKILL)
        code = int(self._read())
        if code == -signal.SIGKILL:
            self.killed.append(child)
        return code

    @property
    def _stdin(self) -> Any:
        return self.process.stdin

    def _read(self) -> str:
        line = self.process.stdout.readline()
        assert line, "the commands' parent is gone"
        return line


@pytest.fixture
def commands(declare: Callable[..., Path], tmp_path: Path) -> Iterator[Commands]:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMANDS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "RLSD_HOME": str(tmp_path / "loaded")},
        start_new_session=True,
    )
    yield Commands(process, declare(), tmp_path / "log")
    process.communicate(timeout=300)


MOMENTS: list[dict[str, Any]] = [
    {"after": 1},  # The data set is there, and the warm start runs.
    {"before_manifest": "rewards"},
    {"after": 8},
    {"before_manifest": "policy_checkpoint"},
    {"before_publishing": True},  # The checkpoint is there, and Dagster does not know its policy.
    {"after": 11},  # The second update goes on from the policy of the first.
]


def test_a_killed_training_goes_on_as_if_nothing_had_happened(
    commands: Commands, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    store = ArtifactStore(home / "artifacts")
    before: dict[str, bytes] = {}
    incomplete: set[str] = set()
    for moment in MOMENTS:
        assert commands.train(home, **moment) == -signal.SIGKILL, moment
        after = manifests(home)
        # What was complete before this command began, it has left as it was.
        assert before.items() <= after.items(), moment
        assert len(after) >= moment.get("after", 0)
        for folder in folders(home) - set(after):
            stage, _, fingerprint = folder.split("/")
            assert store.find(stage, fingerprint) is None
            incomplete.add(stage)
        before = after
    assert {"rewards", "policy_checkpoint"} <= incomplete
    assert commands.train(home) == 0, commands.log.read_text()
    assert "accuracy on held-out questions" in commands.log.read_text()

    after = manifests(home)
    assert before.items() <= after.items()
    assert folders(home) == set(after)
    # Training that nobody killed, in another process and another home.
    expected = digests(trained)
    assert len(expected) == 1 + 3 + 2 * 5
    assert digests(home) == expected

    monkeypatch.setenv("RLSD_HOME", str(home))
    with open_instance() as instance:
        check_history(instance, set(commands.killed))


def digests(home: Path) -> dict[str, str]:
    """Content of the data set and of every stage of every iteration of the arm."""
    store = ArtifactStore(home / "artifacts")
    names = ["small/problems", *store.refs(f"small/{ARM}/")]
    return {name: store.ref(name).digest for name in names if "benchmark_scores" not in name}


def check_history(instance: dg.DagsterInstance, killed: set[int]) -> None:
    """Runs of killed processes have failed, and every iteration is known in the end."""
    assert len(killed) == len(MOMENTS)
    ended = {}
    for run in instance.get_runs():
        process = int(run.tags[PROCESS_TAG].partition("/")[2].partition("-")[0])
        ended.setdefault(process, []).append(run.status)
    for process, statuses in ended.items():
        # Each process runs one thing after the other, so the newest run is what it died in.
        failed = dg.DagsterRunStatus.FAILURE if process in killed else dg.DagsterRunStatus.SUCCESS
        assert statuses[0] is failed
        assert set(statuses[1:]) <= {dg.DagsterRunStatus.SUCCESS}
    for stage, count in (("policy", ITERATIONS + 1), ("policy_checkpoint", ITERATIONS)):
        known = instance.get_materialized_partitions(dg.AssetKey(["small", stage]))
        assert known == {f"{ARM}|{k:03d}" for k in range(count)}
