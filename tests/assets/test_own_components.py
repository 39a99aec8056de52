"""Arms in processes of their own, with components from a file of the user's own."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.cli.loop import open_instance
from assets.partitions import partition_key
from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.stages.registry import ITERATION_STAGES
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
    "arms": [
        {"name": "grpo", "weighting": {"type": "./mine.py:Noted"}},
        {"weighting": {"type": "rlsd", "decay": 4}},
    ],
    "trackers": [{"type": "./mine.py:Lines"}],
    "compute": {"type": "local", "threads": 1, "processes": 2},
}
ONE_PROCESS = {"compute": {"type": "local", "threads": 1}}

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
    rollouts = ArtifactStore(home / "artifacts").ref("small/grpo-s0/000/rollouts")
    engine = rollouts.manifest.config["engine"]
    assert engine["type"] == "mine.py:Sampler"
    return engine["code digest"]


def digests(home: Path) -> dict[str, str]:
    """Content of everything that was trained, by its name."""
    store = ArtifactStore(home / "artifacts")
    evaluated = ("benchmark_scores", "results")
    names = [name for name in store.refs("small/") if not any(one in name for one in evaluated)]
    return {name: store.ref(name).digest for name in names}


def check_history(arms: tuple[str, ...]) -> None:
    """Every stage of both iterations of every arm is known, and nothing has failed."""
    with open_instance() as instance:
        for stage in ITERATION_STAGES:
            known = instance.get_materialized_partitions(dg.AssetKey(["small", stage]))
            assert known == {partition_key(arm, k) for arm in arms for k in range(2)}
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}


def materialize(location: Path, home: Path) -> None:
    """The rollouts of an iteration, by Dagster's own command."""
    command = ["asset", "materialize", "-f", str(location), "--select", "small/rollouts"]
    ran = subprocess.run(
        [sys.executable, "-m", "dagster", *command, "--partition", partition_key("grpo-s0", 0)],
        env={**os.environ, "DAGSTER_HOME": str(home / "dagster"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


# One test, because a training in processes of its own loads the libraries anew in each.
def test_two_processes_run_the_file_and_leave_what_one_does_and_dagster_runs_it_as_it_is(
    own: Path,
    home: Path,
    arms: tuple[str, ...],
    tmp_path: Path,
    run: Callable[..., Any],
    row_of: Callable[..., list[str]],
    declare: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = run("train", own, "--iterations", "2")
    assert answer.exit_code == 0, answer.error
    for arm in arms:
        assert f"{arm}: 2 of 2 iterations" in answer.output
    assert row_of(answer.output, "rlsd")[5] == "2"
    # The parent alone speaks.
    assert answer.error == ""
    check_history(arms)
    before = noted(home)
    assert before["Sampler"] >= before["Noted"]
    assert os.getpid() not in before["Sampler"], "the arms have processes of their own"
    lines = (home / "trackers" / "Lines" / "grpo-s0").read_text().splitlines()
    assert any(line.startswith("0 rollouts/") for line in lines)
    assert source(home) == hashlib.sha256(MINE.encode()).hexdigest()

    with monkeypatch.context() as patched:
        patched.setenv("RLSD_HOME", str(tmp_path / "alone"))
        patched.delenv("DAGSTER_HOME")
        alone = run("train", declare(**OWN | ONE_PROCESS), "--iterations", "2")
        assert alone.exit_code == 0, alone.error
    expected = digests(tmp_path / "alone")
    assert noted(tmp_path / "alone")["Sampler"] == {os.getpid()}
    assert len(expected) == 1 + 2 * (3 + 2 * 5)
    assert digests(home) == expected

    edited = MINE + "\n# edited\n"
    own.with_name("mine.py").write_text(edited)
    location = tmp_path / "location.py"
    location.write_text(LOCATION.format(file=str(own)))
    materialize(location, home)
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
