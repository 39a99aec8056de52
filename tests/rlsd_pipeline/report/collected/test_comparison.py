"""All methods on the same tokens as the report has them, with gaps where nothing was measured."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rlsd_pipeline.report.collected.comparison import comparison, signal_meaning
from rlsd_pipeline.report.comparison import spread
from rlsd_pipeline.stages.comparison.lookahead import read_lookahead
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import GradientComparison, GradientSignal, MethodSignal, WeightingComparison

Open = Callable[[Path], Workspace]


def test_a_matrix_has_nan_where_nothing_was_measured() -> None:
    found = spread(["a", "c"], [[1.0, None], [0.25, 1.0]], ["a", "b", "c"])
    expected = [[1.0, math.nan, math.nan], [math.nan] * 3, [0.25, math.nan, 1.0]]
    np.testing.assert_array_equal(np.array(found), np.array(expected))
    assert spread([], [], []) == ()


def test_a_comparison_is_what_the_stages_found(workspace: Workspace) -> None:
    run = workspace.at("rlsd-s0", 0)
    found = comparison(run)
    stored = run.read("weighting_comparison").record(WeightingComparison)
    gradients = run.read("gradient_comparison").record(GradientComparison)
    assert found is not None
    assert found.methods == tuple(method.method for method in stored.methods)
    assert found.credit == stored
    for shown, known in (
        (found.rank_correlation, stored.rank_correlation),
        (found.rank_correlation_within, stored.rank_correlation_within),
    ):
        plain = [[math.nan if value is None else value for value in row] for row in known]
        np.testing.assert_array_equal(np.array(shown), np.array(plain))
    # Two methods have a gradient, and the others a gap.
    assert found.gradients == gradients
    assert gradients.methods == ["grpo", "rlsd"]
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
    assert list(found.lookahead) == lines
    assert [line.method for line in lines] == ["grpo", "rlsd"]
    assert lines[0].difference is None
    assert lines[1].difference is not None
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
    assert (found.gradients, found.gradient_cosine, found.lookahead) == (None, None, ())


@pytest.mark.parametrize("iteration", [1, 2])
def test_there_is_no_comparison_where_none_was_made(workspace: Workspace, iteration: int) -> None:
    assert comparison(workspace.at("rlsd-s0", iteration)) is None


@pytest.mark.parametrize(
    ("methods", "why"),
    [
        (["grpo"], "rlsd values small --arm rlsd-s0 --iteration 0 measures them."),
        (["grpo", "true advantage"], "`--prompts 256`"),
    ],
)
def test_why_no_method_has_a_cosine(workspace: Workspace, methods: list[str], why: str) -> None:
    unknown = [
        MethodSignal(
            method=name, cosine=None, share=None, prompts_needed=None, rollouts_needed=None
        )
        for name in methods
    ]
    found = GradientSignal(
        problems=16, rollouts=64, parameters=9, kept=9, compared_with="grpo", methods=unknown
    )
    text = signal_meaning(workspace.at("rlsd-s0", 0), found)
    assert why in text
    assert ("Without token values" in text) == (methods == ["grpo"])
