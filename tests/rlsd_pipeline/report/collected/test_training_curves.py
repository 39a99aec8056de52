"""Training curves from numbers written by hand: bands, ends, gaps, and what is read once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.report.charts import Chart, Curve
from rlsd_pipeline.report.collected import numbers
from rlsd_pipeline.report.collected.sparklines import sparklines
from rlsd_pipeline.report.collected.training_curves import training_charts
from rlsd_pipeline.report.curve_figures import small_multiples
from rlsd_pipeline.report.styles import method_styles
from rlsd_pipeline.stages.evaluation.learning import TRAINING, read_learning
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import within
from schemas import Interval, PolicyCheckpoint, Reward

Record = Callable[[str, int, float], None]

DECLARED = {
    "arms": [
        {"weighting": {"type": "grpo"}, "seeds": [0, 1]},
        {"weighting": {"type": "rlsd"}, "seeds": [0]},
    ],
    "iterations": 300,
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    experiment = ExperimentConfig.model_validate(DECLARED)
    return Workspace("small", experiment, ArtifactStore(tmp_path / "store"))


@pytest.fixture
def record(workspace: Workspace) -> Record:
    """Lets the gradient of an arm's iteration have had this norm."""

    def record(arm: str, iteration: int, norm: float) -> None:
        said = PolicyCheckpoint.model_validate(
            PolicyCheckpoint.example | {"metrics": {"grad_norm": norm}}
        )
        request = ArtifactRequest(
            "policy_checkpoint", "1", {"arm": arm, "at": iteration, "n": norm}
        )
        artifact = workspace.store.produce(request, lambda out: out.record(said))
        reference = workspace.at(arm, iteration).reference("policy_checkpoint")
        workspace.store.set_ref(reference, artifact)

    return record


def curves(workspace: Workspace) -> dict[str, Curve]:
    (chart,) = training_charts(workspace)
    assert (chart.name, chart.y_label) == ("gradient norm", "norm before clipping")
    return {curve.method: curve for curve in chart.curves}


def test_seeds_are_a_band_and_no_line_goes_beyond_its_training(
    workspace: Workspace, record: Record
) -> None:
    for iteration, norm in enumerate((1.0, 2.0, 5.0)):
        record("grpo-s0", iteration, norm)
    for iteration, norm in enumerate((3.0, 4.0)):
        record("grpo-s1", iteration, norm)
    record("rlsd-s0", 0, 7.0)
    found = curves(workspace)
    # 1 and 3: s = sqrt 2, half t(.975, 1) s / sqrt 2 = 12.7062.
    assert list(found["grpo"].band) == [0, 1]
    for mean, expected in zip(found["grpo"].band.values(), (2.0, 3.0), strict=True):
        ends = (expected - 12.7062, expected + 12.7062)
        assert (mean.value, mean.low, mean.high) == pytest.approx((expected, *ends), abs=1e-4)
    lines = {"grpo-s0": {0: 1.0, 1: 2.0, 2: 5.0}, "grpo-s1": {0: 3.0, 1: 4.0}}
    assert found["grpo"].seeds == lines
    # A single seed has no band.
    assert found["rlsd"].band == {0: Interval(value=7.0, low=7.0, high=7.0)}


def test_a_line_ends_at_the_first_iteration_that_is_not_there(
    workspace: Workspace, record: Record
) -> None:
    for iteration in (0, 1, 3):
        record("grpo-s0", iteration, 1.0)
    assert list(curves(workspace)["grpo"].band) == [0, 1]
    fewer = ExperimentConfig.model_validate(DECLARED | {"iterations": 1})
    workspace.experiment = fewer
    assert list(curves(workspace)["grpo"].band) == [0]


def test_a_long_training_is_drawn_by_the_means_of_its_stretches(
    workspace: Workspace, record: Record
) -> None:
    for iteration in range(121):
        record("grpo-s0", iteration, float(iteration))
    (chart,) = training_charts(workspace)
    band = [(updates, mean.value) for updates, mean in chart.curves[0].band.items()]
    # Five at a time; the last one alone is none.
    assert band[:2] == [(2.0, 2.0), (7.0, 7.0)]
    assert (len(band), band[-1][0]) == (24, 117.0)
    assert "A point is the mean of 5 iterations." in chart.band_meaning


def test_what_is_drawn_anew_is_read_anew(workspace: Workspace, record: Record) -> None:
    record("grpo-s0", 0, 1.0)
    assert curves(workspace)["grpo"].band[0].value == 1.0
    record("grpo-s0", 0, 2.0)
    assert curves(workspace)["grpo"].band[0].value == 2.0


@pytest.mark.parametrize("iterations", [3, 256])
def test_what_takes_long_to_read_is_read_once(
    workspace: Workspace, record: Record, monkeypatch: pytest.MonkeyPatch, iterations: int
) -> None:
    """Of a short arm as of a long one: an experiment of many short ones is as long."""
    for iteration in range(iterations):
        record("grpo-s0", iteration, float(iteration))
    before = curves(workspace)
    numbers._read.clear()
    monkeypatch.setattr(numbers, "_numbers", lambda *_: pytest.fail("read again"))
    assert curves(workspace) == before
    # A file that is none costs time alone.
    monkeypatch.undo()
    numbers._read.clear()
    workspace.store.storage.publish_bytes(b"[", ".numbers/small/grpo-s0.json")
    assert curves(workspace) == before


def reward(workspace: Workspace, place: str) -> None:
    """Lets the responses of an arm's iteration have a reward of 1.5."""
    from rlsd_pipeline.artifacts import to_table

    rows = {name: [value] for name, value in Reward.example.items()}
    rows |= {"reward_format": [0.25], "reward": [1.5]}
    artifact = workspace.store.produce(
        ArtifactRequest("rewards", "1", {}), lambda out: out.table(Reward, to_table(Reward, rows))
    )
    workspace.store.set_ref(f"small/{place}/rewards", artifact)


def test_parts_of_the_reward_come_after_it(workspace: Workspace) -> None:
    reward(workspace, "rlsd-s0/000")
    found = {chart.name: chart.curves[0].band[0].value for chart in training_charts(workspace)}
    assert list(found)[:3] == ["reward", "reward: format", "accuracy of the rollouts"]
    assert (found["reward"], found["reward: format"]) == (1.5, 0.25)


def test_the_reward_of_the_data_sets_own_responses_is_no_learning(tmp_path: Path) -> None:
    sampled = {"type": "sft", "learns_from": "sampled"}
    arms = [
        {"weighting": {"type": "sft"}},
        {"name": "own", "weighting": sampled},
        {"weighting": {"type": "grpo"}},
    ]
    experiment = ExperimentConfig.model_validate({"arms": arms, "iterations": 2})
    workspace = Workspace("small", experiment, ArtifactStore(tmp_path / "store"))
    for arm in ("sft-s0", "own-s0", "grpo-s0"):
        for iteration in ("000", "001"):
            reward(workspace, f"{arm}/{iteration}")
    (first, *_) = training_charts(workspace)
    assert [curve.method for curve in first.curves] == ["own", "grpo"]
    assert set(read_learning(workspace, {})[TRAINING]) == {"own", "grpo"}


def chart(name: str, *values: float) -> Chart:
    band = {at: within(value, (value, value)) for at, value in enumerate(values)}
    return Chart(name=name, y_label="nats", curves=(Curve(method="grpo", n_seeds=1, band=band),))


def test_curves_as_text() -> None:
    assert sparklines([chart("reward", 0.0, 0.5, 1.0), chart("loss", 2.0)]) == (
        "reward  0 \u2192 1\n\u2581\u2585\u2588\nloss    2 \u2192 2\n\u2581"
    )
    assert sparklines([]) == ""


def test_every_quantity_has_a_small_chart() -> None:
    charts = [chart(f"number {n}", 0.0, 1.0) for n in range(4)]
    figure = small_multiples(charts, method_styles(["grpo"]))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"number {n}" for n in range(4)]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["grpo"]
