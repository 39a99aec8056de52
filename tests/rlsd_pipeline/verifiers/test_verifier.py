from collections.abc import Callable

import pytest

from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.config.verifier import (
    BoxedExtraction,
    ExactVerifier,
    MathVerifier,
    MultipleChoiceVerifier,
    RewardConfig,
)
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.verifiers.extraction import AnswerTag
from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.verifier import AnswerVerifier, Verification, build, check_gold
from schemas.problem import Problem
from schemas.reward import Verdict


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("<answer>Red.</answer>", Verification(Verdict.CORRECT, "Red.", None)),
        ("<answer>dark  red</answer>", Verification(Verdict.INCORRECT, "dark  red", None)),
        ("red", Verification(Verdict.UNPARSED, None, "no answer in the expected format")),
    ],
)
def test_exact(problem: Callable[..., Problem], completion: str, expected: Verification) -> None:
    assert build(ExactVerifier()).verify(completion, problem("red")) == expected


def test_multiple_choice_in_a_box(problem: Callable[..., Problem]) -> None:
    verifier = build(MultipleChoiceVerifier(extraction=BoxedExtraction()))
    asked = problem("blue", choices=["red", "blue"])
    assert verifier.verify(r"so \boxed{\text{B}}", asked) == Verification(
        Verdict.CORRECT, r"\text{B}", None
    )
    assert verifier.verify(r"so \boxed{A. blue}", asked) == Verification(
        Verdict.UNPARSED, "A. blue", "the answer names 2 different choices"
    )


def test_mathematics(problem: Callable[..., Problem]) -> None:
    verifier = build(MathVerifier(float_rounding=2))
    assert verifier.verify("<answer>2.828</answer>", problem("2.83")) == Verification(
        Verdict.CORRECT, "2.828", None
    )


class Broken:
    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        raise ZeroDivisionError("no such thing")

    def kind(self, problem: Problem) -> Kind:
        return Kind.TEXT

    def another_form(self, problem: Problem) -> str | None:
        return None


def test_crash_is_an_outcome_of_its_own(problem: Callable[..., Problem]) -> None:
    verifier = AnswerVerifier(AnswerTag(), Broken())
    assert verifier.verify("<answer>red</answer>", problem("red")) == Verification(
        Verdict.VERIFIER_ERROR, "red", "ZeroDivisionError: no such thing"
    )


def test_gold_answers_pass_through_extraction_and_comparison(
    problem: Callable[..., Problem],
) -> None:
    problems = [
        problem("B", problem_id="letter", choices=["red", "blue"]),
        problem("blue", problem_id="text", choices=["red", "blue"]),
        problem("mauve", problem_id="no choice", choices=["red", "blue"]),
        problem("A", problem_id="letter or text", choices=["B", "A"]),
    ]
    rejected = check_gold(build(MultipleChoiceVerifier()), problems)
    assert rejected == ["no choice", "letter or text"]


def test_gold_answer_that_the_extraction_loses(problem: Callable[..., Problem]) -> None:
    verifier = build(ExactVerifier(extraction=BoxedExtraction()))
    problems = [problem("}{", problem_id="braces"), problem("{a}", problem_id="fine")]
    assert check_gold(verifier, problems) == ["braces"]


def test_defaults_are_the_released_ones() -> None:
    assert RewardConfig().model_dump() == {"accuracy_weight": 0.9, "format_weight": 0.1}
    assert MathVerifier().model_dump() == {
        "type": "math",
        "extraction": {"type": "answer_tag"},
        "accept_computations": False,
        "work_limit": 1_000_000,
        "timeout_seconds": 5.0,
        "float_rounding": 6,
        "memory_limit_mb": 1024,
    }


def test_reward_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing is rewarded"):
        validate(RewardConfig, {"accuracy_weight": 0, "format_weight": 0}, source="defs.yaml")
