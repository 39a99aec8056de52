"""Columns that the compared methods read, beside the tables that the arm trains on."""

from collections.abc import Callable
from pathlib import Path

from rlsd_pipeline.stages.comparison.more_columns import make_columns
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.run import Workspace
from schemas import TokenLogprobs, WeightingComparison

ARMS = [
    {"weighting": {"type": "grpo"}},
    {"weighting": {"type": "rlsd", "decay": 4}},
    {"weighting": {"type": "tests.rlsd_pipeline.stages.comparison.asking:Asking"}},
]


def test_a_comparison_says_what_makes_a_column_and_shows_the_method_once_it_is_made(
    copied: Path, workspace_at: Callable[..., Workspace]
) -> None:
    run = workspace_at(copied, arms=ARMS).at("grpo-s0", 0)
    before = run.make(WeightingComparisonStage).record(WeightingComparison)
    command = "`rlsd compare small --arm grpo-s0 --iteration 0 --columns`"
    assert "needs student_entropy, " in before.left_out["asking"]
    assert command in before.left_out["asking"]
    assert command in before.left_out["rlsd"]
    own = run.read("logprobs")
    made = make_columns(run)
    assert run.read("logprobs").digest == own.digest
    found = run.make(WeightingComparisonStage)
    after = found.record(WeightingComparison)
    assert after.left_out == {}
    assert {"asking", "rlsd", "opsd"} <= {method.method for method in after.methods}
    assert run.stage(WeightingComparisonStage).is_current(run)
    table = made.table(TokenLogprobs)
    assert table["student_logprobs"] == own.table(TokenLogprobs)["student_logprobs"]
    # At least what a distribution over one token has, and at most that of all alike.
    squared = table["student_squared_probs"].combine_chunks().flatten().to_pylist()
    entropy = table["student_entropy"].combine_chunks().flatten().to_pylist()
    assert all(0 < value <= 1 for value in squared)
    assert sum(entropy) > 0
    assert table["teacher_entropy"].null_count == 0
