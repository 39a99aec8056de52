"""Components from a file of the user's own, in each of the processes that work on an experiment."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.partitions import partition_key
from rlsd_pipeline.artifacts import ArtifactStore
from tests.test_layout import ROOT, loaded_by

MINE = '''\
import os
from pathlib import Path

from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.tracking.tracker import Tracker
from rlsd_pipeline.weighting.grpo import GRPO


def note(component):
    with (Path(os.environ["RLSD_HOME"]) / "notes").open("a") as file:
        file.write(f"{type(component).__name__} {os.getpid()}\\n")


class Sampler(TransformersEngine):
    """Samples, and notes where."""

    def sample(self, policy, request, progress):
        note(self)
        return super().sample(policy, request, progress)


class Noted(GRPO):
    """Weighs, and notes where."""

    def streams(self, credit):
        note(self)
        return super().streams(credit)


class Lines(Tracker):
    """A line an artifact."""

    _file: object = None

    def open(self, place):
        self._file = (place.directory / place.run).open("a")
        return self

    def log(self, metrics, iteration):
        print(iteration, *metrics, file=self._file, flush=True)

    def finish(self):
        self._file.close()
'''

OWN: dict[str, Any] = {
    "engine": {"type": "./mine.py:Sampler"},
    "arms": [{"name": "own", "weighting": {"type": "./mine.py:Noted"}, "seeds": [0, 1]}],
    "trackers": [{"type": "./mine.py:Lines"}],
    "compute": {"type": "local", "threads": 1, "processes": 2},
    "iterations": 1,
}

LOCATION = """\
from pathlib import Path
from assets.graph import build_definitions
from rlsd_pipeline.config.experiment import load_experiment

FILE = Path({file!r})
defs = build_definitions("small", load_experiment(FILE), FILE)
"""


@pytest.fixture
def own(declare: Callable[..., Path]) -> Path:
    """An experiment with an engine, a weighting and a tracker from a file beside it."""
    file = declare(**OWN)
    file.with_name("mine.py").write_text(MINE)
    return file


def noted(home: Path) -> dict[str, set[int]]:
    """The processes in which each component worked."""
    found: dict[str, set[int]] = {}
    for line in (home / "notes").read_text().splitlines():
        name, pid = line.split()
        found.setdefault(name, set()).add(int(pid))
    return found


def source(home: Path) -> str:
    """The code of the engine by which an arm's first rollouts were sampled."""
    rollouts = ArtifactStore(home / "artifacts").ref("small/own-s0/000/rollouts")
    engine = rollouts.manifest.config["engine"]
    assert engine["type"] == "mine.py:Sampler"
    return engine["code digest"]


def test_the_processes_of_the_command_line_and_of_dagster_run_the_file_as_it_is(
    own: Path, home: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    answer = run("train", own)
    assert answer.exit_code == 0, answer.error
    before = noted(home)
    assert before["Sampler"] == before["Noted"]
    assert os.getpid() not in before["Sampler"], "the arms have processes of their own"
    lines = (home / "trackers" / "Lines" / "own-s0").read_text().splitlines()
    assert any(line.startswith("0 rollouts/") for line in lines)
    assert source(home) == hashlib.sha256(MINE.encode()).hexdigest()

    edited = MINE + "\n# edited\n"
    own.with_name("mine.py").write_text(edited)
    location = tmp_path / "location.py"
    location.write_text(LOCATION.format(file=str(own)))
    command = ["asset", "materialize", "-f", str(location), "--select", "small/rollouts"]
    ran = subprocess.run(
        [sys.executable, "-m", "dagster", *command, "--partition", partition_key("own-s0", 0)],
        env={**os.environ, "DAGSTER_HOME": str(home / "dagster"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert noted(home)["Sampler"] > before["Sampler"]
    assert source(home) == hashlib.sha256(edited.encode()).hexdigest()


def test_definitions_run_the_named_file_only_and_load_no_model_library(
    own: Path, tmp_path: Path
) -> None:
    own.with_name("other.py").write_text("raise RuntimeError('run, though nothing names it')\n")
    code = LOCATION.format(file=str(own)) + "assert len(list(defs.resolve_all_asset_specs())) > 5"
    loaded = loaded_by(code, tmp_path)
    assert len([name for name in loaded if name.startswith("rlsd_component_")]) == 1
    assert loaded.isdisjoint({"torch", "transformers", "vllm", "ray", "datasets"})
