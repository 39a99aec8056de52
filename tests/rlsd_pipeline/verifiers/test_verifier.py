import pickle
from collections.abc import Callable

import pytest

from rlsd_pipeline.verifiers.exact import ExactVerifier
from rlsd_pipeline.verifiers.extractions.boxed import Boxed
from rlsd_pipeline.verifiers.math import MathVerifier
from rlsd_pipeline.verifiers.multiple_choice import MultipleChoiceVerifier
from rlsd_pipeline.verifiers.verifier import Verification, Verifier, check_gold
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
    assert ExactVerifier().verify(completion, problem("red")) == expected


def test_multiple_choice_in_a_box(problem: Callable[..., Problem]) -> None:
    verifier = MultipleChoiceVerifier(extraction=Boxed())
    asked = problem("blue", choices=["red", "blue"])
    assert verifier.verify(r"so \boxed{\text{B}}", asked) == Verification(
        Verdict.CORRECT, r"\text{B}", None
    )
    assert verifier.verify(r"so \boxed{A. blue}", asked) == Verification(
        Verdict.UNPARSED, "A. blue", "the answer names 2 different choices"
    )


def test_mathematics(problem: Callable[..., Problem]) -> None:
    verifier = MathVerifier(float_rounding=2)
    assert verifier.verify("<answer>2.828</answer>", problem("2.83")) == Verification(
        Verdict.CORRECT, "2.828", None
    )


class Broken(Verifier):
    def compare(self, answer: str, problem: Problem) -> bool:
        return len(answer) / 0 > 0


class Vague(Verifier):
    def compare(self, answer: str, problem: Problem) -> bool:
        return None  # type: ignore[return-value]


class Short(Verifier):
    """Judges a whole response, and has no gold answer."""

    most: int = 3

    def judge(self, completion: str, problem: Problem) -> Verification:
        short = len(completion) <= self.most
        return Verification(Verdict.CORRECT if short else Verdict.INCORRECT, None, None)

    def gold_responses(self, problem: Problem) -> list[str]:
        return []


def test_a_crash_is_an_outcome_of_its_own_and_names_the_line(
    problem: Callable[..., Problem],
) -> None:
    line = Broken.compare.__code__.co_firstlineno + 1
    found = Broken().verify("<answer>red</answer>", problem("red"))
    assert (found.verdict, found.extracted) == (Verdict.VERIFIER_ERROR, "red")
    assert found.reason is not None
    assert "Broken`: ZeroDivisionError: division by zero (" in found.reason
    assert found.reason.endswith(f"test_verifier.py, line {line})")


def test_what_is_no_outcome_is_a_failure_and_not_a_wrong_answer(
    problem: Callable[..., Problem],
) -> None:
    found = Vague().verify("<answer>red</answer>", problem("red"))
    assert found.verdict is Verdict.VERIFIER_ERROR
    assert "compare gave None: give True, False, or a verdict and its reason" in str(found.reason)


def test_a_verifier_may_judge_whole_responses_without_a_gold_answer(
    problem: Callable[..., Problem],
) -> None:
    asked = problem("nobody knows")
    assert Short().verify("red", asked) == Verification(Verdict.CORRECT, None, None)
    assert Short(most=2).verify("red", asked) == Verification(Verdict.INCORRECT, None, None)
    assert check_gold(Short(), [asked]) == []


def test_a_copy_with_other_settings_compares_by_them(problem: Callable[..., Problem]) -> None:
    asked = problem("2.83")
    coarse = MathVerifier(float_rounding=2)
    assert coarse.compare("2.828", asked)[0] is Verdict.CORRECT
    fine = coarse.model_copy(update={"float_rounding": 6})
    assert fine.compare("2.828", asked)[0] is Verdict.INCORRECT
    assert pickle.loads(pickle.dumps(coarse)) == coarse


def test_gold_answers_pass_through_extraction_and_comparison(
    problem: Callable[..., Problem],
) -> None:
    problems = [
        problem("B", problem_id="letter", choices=["red", "blue"]),
        problem("blue", problem_id="text", choices=["red", "blue"]),
        problem("mauve", problem_id="no choice", choices=["red", "blue"]),
        problem("A", problem_id="letter or text", choices=["B", "A"]),
    ]
    rejected = check_gold(MultipleChoiceVerifier(), problems)
    assert rejected == ["no choice", "letter or text"]


def test_gold_answer_that_the_extraction_loses(problem: Callable[..., Problem]) -> None:
    verifier = ExactVerifier(extraction=Boxed())
    problems = [problem("}{", problem_id="braces"), problem("{a}", problem_id="fine")]
    assert check_gold(verifier, problems) == ["braces"]


def test_defaults_are_the_released_ones() -> None:
    assert MathVerifier().model_dump() == {
        "type": "math",
        "extraction": {"type": "answer_tag"},
        "accept_computations": False,
        "work_limit": 1_000_000,
        "timeout_seconds": 5.0,
        "float_rounding": 6,
        "memory_limit_mb": 1024,
    }
