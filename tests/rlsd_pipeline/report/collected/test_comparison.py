"""All methods on the same tokens as the report has them, with gaps where nothing was measured."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rlsd_pipeline.report.collected.comparison import _spread, comparison
from rlsd_pipeline.report.collected.table import estimate, method_table
from rlsd_pipeline.stages.comparison.lookahead import read_lookahead
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import PairedDifference, as_difference
from schemas import (
    GradientComparison,
    Interval,
    MethodResult,
    ScoreDifference,
    WeightingComparison,
)

Open = Callable[[Path], Workspace]
UNBOUNDED = Interval(value=0.5, low=None, high=None)


def test_a_matrix_has_nan_where_nothing_was_measured() -> None:
    found = _spread(["a", "c"], [[1.0, None], [0.25, 1.0]], ["a", "b", "c"])
    expected = [[1.0, math.nan, math.nan], [math.nan] * 3, [0.25, math.nan, 1.0]]
    np.testing.assert_array_equal(np.array(found), np.array(expected))
    assert _spread([], [], []) == ()


def test_a_comparison_is_what_the_stages_found(workspace: Workspace) -> None:
    run = workspace.at("rlsd-s0", 0)
    found = comparison(run)
    stored = run.read("weighting_comparison").record(WeightingComparison)
    gradients = run.read("gradient_comparison").record(GradientComparison)
    assert found is not None
    assert found.methods == tuple(method.method for method in stored.methods)
    assert (found.rollouts, found.tokens) == (stored.rollouts, stored.tokens)
    for method in stored.methods:
        credit = found.credit[method.method]
        assert credit.quantiles.p50 == method.quantiles["p50"]
        assert credit.tokens_with_signal == round(method.credited * stored.tokens)
        reasoning = method.segments["reasoning"].value if method.segments else 0.0
        assert credit.reasoning == reasoning
        agreement = method.sign_agreement
        assert credit.sign_agreement == (None if agreement is None else agreement.value)
        assert credit.clip_fraction == method.cut
    for shown, known in (
        (found.rank_correlation, stored.rank_correlation),
        (found.rank_correlation_within, stored.rank_correlation_within),
    ):
        assert shown is not None
        plain = [[math.nan if value is None else value for value in row] for row in known]
        np.testing.assert_array_equal(np.array(shown), np.array(plain))
    # Two methods have a gradient, and the others a gap.
    assert found.gradient_norms == dict(zip(["grpo", "rlsd"], gradients.norms, strict=True))
    assert found.gradient_cosine is not None
    places = [found.methods.index(name) for name in ("grpo", "rlsd")]
    cosine = np.array(found.gradient_cosine)
    np.testing.assert_array_equal(cosine[np.ix_(places, places)], np.array(gradients.cosines))
    assert np.isnan(np.delete(np.delete(cosine, places, 0), places, 1)).all()


def test_the_lookahead_is_beside_it(workspace: Workspace) -> None:
    run = workspace.at("rlsd-s0", 0)
    found = comparison(run)
    lines = read_lookahead(run, workspace.experiment.evaluation.benchmarks[0])
    assert found is not None
    assert [line.method for line in found.lookahead] == ["grpo", "rlsd"]
    for shown, line in zip(found.lookahead, lines, strict=True):
        assert (shown.score.value, shown.score.low) == (line.score.value, line.score.low)
    assert found.lookahead[0].difference is None
    assert lines[1].difference is not None
    assert found.lookahead[1].difference is not None
    assert found.lookahead[1].difference.p_corrected == lines[1].difference.p_corrected
    assert found.baseline == "grpo"
    assert "the policy of rlsd-s0 after 0 updates" in found.lookahead_meaning


def test_what_was_shown_to_the_teacher_is_said(workspace: Workspace) -> None:
    found = comparison(workspace.at("rlsd-s0", 0))
    assert found is not None
    assert "Rollouts of rlsd-s0, iteration 0; the teacher was shown: answer." in found.meaning
    assert "want of a teacher" not in found.meaning
    assert "`rlsd compare small --arm rlsd-s0 --iteration 0 --columns` computes" in found.meaning


def test_an_arm_without_a_teacher_says_what_is_left_out(
    finished: Path, open_store: Open, tmp_path: Path
) -> None:
    run = open_store(Path(shutil.copytree(finished, tmp_path / "store"))).at("grpo-s0", 0)
    assert comparison(run) is None
    run.make(WeightingComparisonStage)
    found = comparison(run)
    assert found is not None
    branches = "prefix_tree, branches only"
    named = ("grpo", "constant_negative", "ktae", "prefix_tree", "sft", "surprisal", "tempo")
    expected = (*named, "grpo, centred", branches)
    assert found.methods == expected
    assert "no teacher scored them" in found.meaning
    assert "Left out for lack of a teacher's table: rlsd, " in found.meaning
    assert (found.gradient_norms, found.gradient_cosine, found.lookahead) == (None, None, ())


def line(method: str, weighting: str, difference: ScoreDifference | None = None) -> MethodResult:
    return MethodResult(
        benchmark="sampled",
        method=method,
        weighting=weighting,
        updates=0 if method == "base" else 80,
        seeds=[0, 1],
        score=Interval(value=0.5, low=0.25, high=0.75),
        gain=None
        if method == "base"
        else as_difference(PairedDifference(0.125, -0.25, 0.5, 0.25, "exact McNemar")),
        difference=difference,
        mentions=UNBOUNDED if method == "base" else Interval(value=0.25, low=0.125, high=0.375),
        steps={"compare": 0.75},
        unparsed=1,
        truncated=0,
        blind=0.25,
        mode="verifier",
        detectable=0.125,
        judged=None,
    )


def test_the_table_beside_what_the_paper_reports(workspace: Workspace) -> None:
    against = as_difference(
        PairedDifference(0.0625, 0.03125, 0.09375, 0.015625, "paired t over seeds", 0.03125)
    )
    results = [line("base", "base"), line("strong", "rlsd", against), line("mine", "rlsd_adaptive")]
    found = method_table(workspace, results)
    assert found is not None
    base, strong, mine = found.lines
    assert (base.seeds, base.gain, base.difference, base.leakage) == (2, None, None, None)
    # By what the method is, and not by its name.
    assert strong.published == {
        **{"MMMU": 67.22, "MathVista": 78.10, "MathVision": 52.73},
        **{"ZeroBench": 24.85, "WeMath": 58.00},
    }
    assert mine.published is None
    assert strong.difference is not None
    assert (strong.difference.p, strong.difference.p_corrected) == (0.015625, 0.03125)
    assert strong.gain is not None
    assert (strong.gain.low, strong.gain.high) == (-0.25, 0.5)
    assert (strong.blind, dict(strong.steps)) == (0.25, {"compare": 0.75})
    assert found.baseline == "grpo"
    assert "arms of one seed" in found.difference_meaning
    alone = method_table(workspace, [r.model_copy(update={"seeds": [0]}) for r in results])
    assert alone is not None
    assert "the same questions" in alone.difference_meaning
    assert method_table(workspace, []) is None


def test_what_the_data_set_no_bound_is_not_shown() -> None:
    assert estimate(UNBOUNDED) is None
    assert estimate(None) is None
    found = estimate(Interval(value=0.5, low=0.25, high=0.75))
    assert found is not None
    assert (found.value, found.low, found.high) == (0.5, 0.25, 0.75)


@pytest.mark.parametrize("iteration", [1, 2])
def test_there_is_no_comparison_where_none_was_made(workspace: Workspace, iteration: int) -> None:
    assert comparison(workspace.at("rlsd-s0", iteration)) is None
