import math
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from rlsd_pipeline.report.data import Diagnostic, Report
from rlsd_pipeline.report.html import render
from rlsd_pipeline.report.rollout_view import RolloutView

ROLLOUT: dict[str, Any] = {
    "rollout_id": "p#0",
    "question": "?",
    "gold_answer": "yes",
    "tokens": ["a", "b"],
    "segments": ["reasoning", "answer"],
    "verdict": "correct",
    "reward": 1.0,
    "advantage": 0.5,
    "student_logprobs": [-0.1, -0.2],
    "credit": {"grpo": [0.5, 0.5]},
}


def test_json_round_trip(sample: Callable[..., Report]) -> None:
    report = sample()
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_non_finite_numbers_survive_json() -> None:
    rollout = RolloutView(**ROLLOUT | {"teacher_logprobs": [-math.inf, math.nan]})
    again = RolloutView.model_validate_json(rollout.model_dump_json())
    assert again.teacher_logprobs is not None
    assert again.teacher_logprobs[0] == -math.inf
    assert math.isnan(again.teacher_logprobs[1])


def test_a_report_cannot_be_changed(sample: Callable[..., Report]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        sample().title = "another"  # type: ignore[misc]


def test_methods_are_named_once_and_the_table_comes_first(sample: Callable[..., Report]) -> None:
    assert sample().methods() == ("grpo", "rlsd", "opsd", "sdpo", "grpo+opsd")


def test_a_method_that_only_looked_ahead_is_drawn_too(sample: Callable[..., Report]) -> None:
    report = sample()
    assert report.comparison is not None
    later = report.comparison.lookahead[1].model_copy(update={"method": "later"})
    compared = report.comparison.model_copy(update={"lookahead": (later,)})
    report = report.model_copy(update={"comparison": compared})
    assert report.methods()[-1] == "later"
    assert ">later<" in render(report)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"segments": ["answer"]}, "segments has 1 entries beside 2 tokens"),
        ({"teacher_logprobs": [0.0]}, "teacher_logprobs has 1 entries beside 2 tokens"),
        ({"credit": {"grpo": [1.0]}}, "the credit of grpo has 1 entries beside 2 tokens"),
        ({"credit": {}}, "at least 1 item"),
        ({"leaks": [(1, 3)]}, r"the leak \[1, 3\) does not lie in 2 tokens"),
        ({"leaks": [(1, 1)]}, r"the leak \[1, 1\)"),
        ({"segments": ["answer", "other"]}, "'reasoning', 'answer' or 'format'"),
        ({"images": [{"data": "AAAA", "mime": "text/html"}]}, "mime"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_rollout_that_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    RolloutView(**ROLLOUT)
    with pytest.raises(ValidationError, match=message):
        RolloutView(**ROLLOUT | change)


def test_rows_of_a_diagnostic_have_its_columns() -> None:
    with pytest.raises(ValidationError, match="a row of 'd' has 1 entries beside 2 columns"):
        Diagnostic(title="d", explanation="", columns=("a", "b"), rows=[(1,)])
