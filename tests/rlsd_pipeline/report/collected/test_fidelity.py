"""What the report says of measured token values, and where there are none."""

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.report.collected.comparison import comparison
from rlsd_pipeline.report.collected.learning import learning_plots
from rlsd_pipeline.report.collected.tokens import TRUE, rollout_views
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.evaluation.learning import Learnt, read_learning
from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import TokenValues, WeightingComparison


@pytest.fixture(scope="module")
def valued(
    finished: Path,
    open_store: Callable[[Path], Workspace],
    tmp_path_factory: pytest.TempPathFactory,
) -> StageRun:
    """The compared iteration, with its token values."""
    store = Path(shutil.copytree(finished, tmp_path_factory.mktemp("valued") / "store"))
    run = open_store(store).at("rlsd-s0", 0)
    run.make(TokenValuesStage)
    run.make(WeightingComparisonStage)
    return run


def test_without_values_the_report_says_how_to_make_them(workspace: Workspace) -> None:
    run = workspace.at("rlsd-s0", 0)
    found = comparison(run)
    assert found is not None
    assert found.fidelity == []
    command = "`rlsd values small --arm rlsd-s0 --iteration 0`"
    assert command in found.fidelity_meaning
    for view in rollout_views(run):
        assert view.values == ()
        assert TRUE not in view.credit


def test_the_nearest_method_stands_first(valued: StageRun) -> None:
    found = comparison(valued)
    assert found is not None
    assert {one.method for one in found.fidelity} == set(found.methods)
    values = [one.value.value for one in found.fidelity if one.value]
    assert values == sorted(values, reverse=True)
    assert "32 continuations from each" in found.fidelity_meaning


def test_differences_are_by_part_too(valued: StageRun) -> None:
    record = valued.read("weighting_comparison").record(WeightingComparison).fidelity
    assert record is not None
    methods = {one.method: one for one in record.methods}
    assert methods["grpo"].differences == {}
    # GRPO's credit is 0 within responses, so what another has there is its difference.
    rlsd = methods["rlsd"]
    assert rlsd.within is not None
    assert rlsd.differences["within"].difference == rlsd.within
    for part, found in rlsd.differences.items():
        values = rlsd.parts()[part], methods["grpo"].parts()[part]
        if part != "within" and all(values):
            ours, theirs = (one.value for one in values if one)
            assert found.difference.value == pytest.approx(ours - theirs)
            assert found.p_corrected is None or found.p_corrected >= (found.p_value or 0)


def test_learning_is_held_against_it(valued: StageRun) -> None:
    found = comparison(valued)
    assert found is not None
    learnt = read_learning(valued.workspace, read_scores(valued.workspace))
    plots = learning_plots(valued, found, learnt)
    assert [plot.name for plot in plots] == [
        f"{quantity}, {measure}"
        for quantity in ("training reward", "accuracy: sampled", "accuracy: greedy")
        for measure in ("area", "end")
    ]
    fidelities = {one.method: one.value for one in found.fidelity}
    for plot in plots:
        assert [point.method for point in plot.points] == ["grpo", "rlsd"]
        assert all(point.fidelity == fidelities[point.method] for point in plot.points)
        assert "4 problems before the policy of rlsd-s0 at iteration 0" in plot.meaning
        assert "not drawn" not in plot.meaning
    lost = {
        **learnt,
        "accuracy: greedy": {**learnt["accuracy: greedy"], "other": {0: Learnt(0.5, 0.5)}},
    }
    plots = learning_plots(valued, found, lost)
    assert plots[0].meaning.endswith(
        "Without a fidelity on these rollouts, and so not drawn: other."
    )


def test_the_true_advantage_stands_before_the_methods(valued: StageRun) -> None:
    table = valued.read("token_values").table(TokenValues).to_pylist()
    rows = {row["rollout_id"]: row for row in table}
    for view in rollout_views(valued):
        row, true = rows[view.rollout_id], view.credit[TRUE]
        assert next(iter(view.credit)) == TRUE
        halves = zip(row["first_values"], row["second_values"], strict=True)
        states = [(first + second) / 2 for first, second in halves] + [row["reward"]]
        assert [state.value for state in view.values] == pytest.approx(states)
        assert [state.place for state in view.values] == list(range(len(view.tokens) + 1))
        assert true == pytest.approx([b - a for a, b in itertools.pairwise(states)])
        assert sum(true) == pytest.approx(row["reward"] - states[0])
