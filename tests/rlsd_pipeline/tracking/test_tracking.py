"""Trackers that fail, are missing, or are told of several arms."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactStore
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.tracking.tracker import Place, Tracker, require_packages
from rlsd_pipeline.tracking.trackers.tensorboard import TensorBoard
from rlsd_pipeline.tracking.trackers.wandb import WandB
from rlsd_pipeline.tracking.tracking import Tracking
from schemas import PolicyCheckpoint


class Recorded:
    """A run that notes what it is told, and fails where it is meant to."""

    def __init__(self, fails: bool) -> None:
        self.logged: list[tuple[int, float]] = []
        self.finished = 0
        self.fails = fails

    def log(self, metrics: dict[str, float], iteration: int) -> None:
        if self.fails:
            raise ConnectionError("the server is down")
        self.logged.append((iteration, metrics["policy_checkpoint/loss"]))

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    record = PolicyCheckpoint.model_validate(PolicyCheckpoint.example)
    request = ArtifactRequest("policy_checkpoint", "1", {})
    return ArtifactStore(tmp_path / "store").produce(request, lambda out: out.record(record))


class Recorder(Tracker):
    """Opens such runs."""

    fails: bool = False
    packages = ("no_such_package",)

    _opened: ClassVar[list[tuple[str | None, Place, Recorded]]] = []

    def open(self, place: Place) -> Recorded:
        self._opened.append((self.project, place, Recorded(self.fails)))
        return self._opened[-1][2]


@pytest.fixture
def opened() -> list[tuple[str | None, Place, Recorded]]:
    """The runs that the test opens."""
    Recorder._opened.clear()
    return Recorder._opened


def test_every_arm_has_a_run_of_its_own(opened: list, artifact: Artifact, tmp_path: Path) -> None:
    tracking = Tracking("small", [Recorder()], tmp_path)
    for arm, iteration in (("a-s0", 0), ("a-s0", 1), ("b-s0", 0)):
        tracking.log(arm, iteration, artifact, PolicyCheckpointStage())
    tracking.close()
    places = [place for _, place, _ in opened]
    assert places == [Place(tmp_path / "Recorder", "small", arm) for arm in ("a-s0", "b-s0")]
    assert [run.logged for *_, run in opened] == [[(0, 0.125), (1, 0.125)], [(0, 0.125)]]
    assert [run.finished for *_, run in opened] == [1, 1]


def test_what_is_declared_names_the_run(opened: list, artifact: Artifact, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    declared = Recorder(project="ours", run_name="{arm} again", directory=str(folder))
    tracking = Tracking("small", [declared], tmp_path / "trackers")
    tracking.log("a-s0", 0, artifact, PolicyCheckpointStage())
    tracking.close()
    assert opened[0][1] == Place(folder, "ours", "a-s0 again")


def test_a_tracker_that_is_down_is_named_once_and_the_others_go_on(
    opened: list, artifact: Artifact, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracking = Tracking(
        "small", [Recorder(project="down", fails=True), Recorder(project="up")], tmp_path
    )
    with caplog.at_level(logging.WARNING):
        for arm, iteration in (("a-s0", 0), ("a-s0", 1), ("b-s0", 0)):
            tracking.log(arm, iteration, artifact, PolicyCheckpointStage())
    tracking.close()
    (message,) = caplog.messages
    name, line = "rlsd_pipeline.tracking.test_tracking:Recorder", _line("raise ConnectionError")
    assert message.startswith(f"tracker tests.{name}: ")
    assert f"arm a-s0, iteration 0: ConnectionError: the server is down ({line})" in message
    assert message.endswith("; training goes on without it until the next start")
    assert [kind for kind, *_ in opened] == ["down", "up", "up"]


def _line(text: str) -> str:
    lines = Path(__file__).read_text().splitlines()
    return f"{__file__}, line {next(n for n, line in enumerate(lines, 1) if text in line)}"


def test_an_artifact_without_numbers_opens_nothing(opened: list, tmp_path: Path) -> None:
    request = ArtifactRequest("problems", "1", {})
    store = ArtifactStore(tmp_path / "store")
    problems = store.produce(request, lambda out: out.path("a.bin").write_bytes(b""))
    tracking = Tracking("small", [Recorder()], tmp_path)
    tracking.log("a-s0", 0, problems, ProblemsStage())
    assert opened == []


def test_a_missing_package_is_answered_with_its_install_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_spec(name: str) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", find_spec)
    with pytest.raises(ConfigError, match=r"`wandb` needs accelerate and wandb: .*'\.\[wandb\]'"):
        require_packages([WandB()])
    own = r"test_tracking:Recorder` needs no_such_package: pip install no_such_package, or"
    with pytest.raises(ConfigError, match=own):
        require_packages([Recorder()])
    require_packages([])


def test_trackers_leave_fingerprints_alone(
    workspace_of: Callable[..., Any],
) -> None:
    plain, tracked = workspace_of([]), workspace_of([{"type": "tensorboard"}])
    assert plain.experiment.trackers == []
    assert tracked.experiment.trackers == [TensorBoard()]
    from rlsd_pipeline.stages.iteration.policy import PolicyStage

    for stage in (ProblemsStage(), PolicyStage()):
        one, other = (stage.request(w.at("grpo-s0", 0)).fingerprint for w in (plain, tracked))
        assert one == other


@pytest.fixture
def workspace_of(tmp_path: Path) -> Callable[..., Any]:
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.workspace import Workspace

    def workspace_of(trackers: list[dict[str, str]]) -> Workspace:
        declared = {"arms": [{"weighting": {"type": "grpo"}}], "trackers": trackers}
        experiment = ExperimentConfig.model_validate(declared)
        return Workspace("small", experiment, ArtifactStore(tmp_path / "store"))

    return workspace_of
