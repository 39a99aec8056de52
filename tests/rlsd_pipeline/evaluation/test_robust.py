import pytest

from rlsd_pipeline.evaluation.robust import robust_rule
from rlsd_pipeline.evaluation.scored import Rule
from rlsd_pipeline.verifiers.extractions.final_answer import FinalAnswer
from rlsd_pipeline.verifiers.mixed import MixedVerifier
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas import Problem, Verdict

COLOURS = ["red", "dark blue", "green", "yellow"]


def ask(answer: str, choices: list[str] | None = None) -> Problem:
    return Problem(
        problem_id="p",
        split="test",
        question="What is it?",
        images=[],
        answer=answer,
        solution=None,
        choices=choices or [],
        attributes={},
    )


CASES = [
    ("<think>B?</think><answer>C</answer>", ask("C", COLOURS), Verdict.CORRECT),
    ("The answer is (B) dark blue.", ask("B", COLOURS), Verdict.CORRECT),
    ("The answer is dark blue, since it is dark.", ask("B", COLOURS), Verdict.CORRECT),
    (r"So \boxed{\text{(A)}}", ask("B", COLOURS), Verdict.INCORRECT),
    ("Answer: A or B?", ask("B", COLOURS), Verdict.UNPARSED),
    ("Answer: purple", ask("B", COLOURS), Verdict.UNPARSED),
    ("A dog runs.\nIt is black.", ask("A", COLOURS), Verdict.UNPARSED),
    ("b", ask("B", COLOURS), Verdict.CORRECT),
    ("Thus x = 4.\n**Answer:** $\\frac{1}{2}$", ask("0.5"), Verdict.CORRECT),
    ("The answer is 5 because 2 + 3 = 5.", ask("5"), Verdict.CORRECT),
    ("The answer is 5.5.", ask("5"), Verdict.INCORRECT),
    ("I cannot tell.\nThe picture is missing.", ask("5"), Verdict.UNPARSED),
    ("", ask("5"), Verdict.UNPARSED),
]


@pytest.fixture(scope="module")
def rule() -> Rule:
    return robust_rule()


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return MixedVerifier(extraction=FinalAnswer())


@pytest.mark.parametrize(("response", "problem", "verdict"), CASES)
def test_training_reward_and_score_agree(
    rule: Rule, verifier: Verifier, response: str, problem: Problem, verdict: Verdict
) -> None:
    answer = rule.extract(response, problem)
    scored = Verdict.UNPARSED if answer is None else rule.compare(answer, problem)[0]
    assert scored is verdict
    assert verifier.verify(response, problem).verdict is verdict


@pytest.mark.parametrize(("decimals", "verdict"), [(2, Verdict.CORRECT), (6, Verdict.INCORRECT)])
def test_decimals_agree_as_far_as_asked_for(decimals: int, verdict: Verdict) -> None:
    assert robust_rule(float_rounding=decimals).compare("2.828", ask("2.83"))[0] is verdict
