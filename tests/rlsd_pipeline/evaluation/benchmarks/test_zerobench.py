from typing import Any

import pytest

from rlsd_pipeline.evaluation.benchmarks.braces import braced
from rlsd_pipeline.evaluation.benchmarks.zerobench import ZeroBench
from rlsd_pipeline.evaluation.scored import Mode, Scored
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from schemas import Verdict

CORRECT, INCORRECT, UNPARSED = Verdict.CORRECT, Verdict.INCORRECT, Verdict.UNPARSED


def row(answer: str = "5", question_id: str = "3_2") -> dict[str, Any]:
    return {
        "question_id": question_id,
        "question_text": "How many windows are lit?",
        "question_images": ["images/3_0.png"],
        "question_answer": answer,
        "image_attribution": "Own",
    }


def verdict(mode: Mode, gold: str, response: str) -> tuple[Verdict, str | None]:
    problem = ZeroBench().read(row(gold))
    predictions = [Prediction("3_2", response)]
    [scored] = settle(ZeroBench(mode=mode), {"3_2": problem}, predictions)
    return scored.verdict, scored.extracted


@pytest.mark.parametrize(
    ("question_id", "split", "cluster"), [("3_2", "subquestions", "3"), ("12", "main", "12")]
)
def test_subquestions_of_a_question_form_a_cluster(
    question_id: str, split: str, cluster: str
) -> None:
    problem = ZeroBench().read(row(question_id=question_id))
    assert problem.problem_id == question_id
    assert problem.split == split
    assert problem.attributes == {"cluster": cluster}


def test_prompt() -> None:
    assert ZeroBench().prompt(ZeroBench().read(row())) == (
        "How many windows are lit?\n\n\nLet's think step by step and give the final answer in "
        "curly braces, like this: {final answer}"
    )


@pytest.mark.parametrize(
    ("gold", "response", "expected", "extracted"),
    [
        ("5", "so {5}", CORRECT, "5"),
        ("Red Fox ", "{4} no, {RED fox}", CORRECT, "red fox"),
        ("5", "{ 5 }", INCORRECT, " 5 "),
        ("1", "{11}", INCORRECT, "11"),
        ("11.90", "{11.9}", INCORRECT, "11.9"),
        ("2", r"{\frac{1}{2}}", CORRECT, "2"),
        ("5", r"\boxed{5}", CORRECT, "5"),
        ("5", r"\boxed{\{5\}}", INCORRECT, "\\{5\\"),
        ("5", "{5} is the\nanswer", CORRECT, "5"),
        ("5", "{5\n}", UNPARSED, None),
        ("5", "the answer is 5", UNPARSED, None),
        ("final answer", "like this: {final answer}", CORRECT, "final answer"),
    ],
)
def test_official(gold: str, response: str, expected: Verdict, extracted: str | None) -> None:
    assert verdict("official", gold, response) == (expected, extracted)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("so {5}", "5"),
        ("{4} or rather {5}", "5"),
        ("{ 5 }", "5"),
        ("{**5**}", "5"),
        (r"$\{5\}$", "5"),
        (r"\boxed{5}", "5"),
        (r"\boxed{\{5\}}", "5"),
        (r"{\boxed{5}}", "5"),
        (r"\fbox {5}", "5"),
        (r"{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"{5}, since \frac{1}{2} + x_{1}^{2} = \sqrt[3]{8}", "5"),
        (r"\text{The answer is {5}}", "5"),
        ("{1, {2, 3}}", "1, {2, 3}"),
        ("{unclosed {5}", "5"),
        ("{5} not closed: {6", "5"),
        ("{5}, as asked: {final answer}", "5"),
        ("{5}, as asked: {Final_Answer}", "5"),
        ("{5} {}", "5"),
        ("{red\nfox}", "red\nfox"),
        ("like this: {final answer}", None),
        (r"\frac{1}{2}", None),
        ("5", None),
        ("}{", None),
    ],
)
def test_braced(text: str, inside: str | None) -> None:
    assert braced(text, "final answer") == inside


@pytest.mark.parametrize(
    ("gold", "response", "expected"),
    [
        ("5", "so {5}", CORRECT),
        ("5", "{5.0}", CORRECT),
        ("11.90", "{$11.9}", CORRECT),
        ("1200", "{1,200}", CORRECT),
        ("1/2", r"{\frac{1}{2}}", CORRECT),
        ("2", r"{\frac{1}{2}}", INCORRECT),
        ("2", r"it is \frac{1}{2}", INCORRECT),
        ("1", "{11}", INCORRECT),
        ("Red fox", "{ red  FOX. }", CORRECT),
        ("A4, B2", "{4A, 2B}", INCORRECT),
        ("007", "{7}", INCORRECT),
        ("007", "{007}", CORRECT),
        ("5", "<think>{4}</think> {5}", CORRECT),
        ("5", "<think>maybe {5}", UNPARSED),
        ("5", "<think>a set {4}</think><answer>5</answer>", CORRECT),
        ("5", "<answer>{5}</answer>", CORRECT),
        ("5", "The answer is 5.", CORRECT),
        ("5", "give it like this: {final answer}. I cannot see the picture.\nSorry", UNPARSED),
    ],
)
def test_robust(gold: str, response: str, expected: Verdict) -> None:
    assert verdict("robust", gold, response)[0] is expected


@pytest.mark.parametrize(
    "response",
    [
        "{" * 99_000,
        "{" * 49_000 + "}" * 49_000,
        "{" * 49_000 + "\n" + "}" * 49_000,
        "{}" * 49_000,
        "\\a{" * 33_000,
        "{" + "9" * 9000 + "}",
        "{9^{9^{9}}!}",
        "{\0}",
        "{__import__('os')}",
    ],
)
@pytest.mark.parametrize("mode", ["official", "robust"])
def test_hostile_responses_are_not_right(mode: Mode, response: str) -> None:
    assert verdict(mode, "5", response)[0] in (UNPARSED, INCORRECT)


def test_subquestions_of_one_question_are_not_independent() -> None:
    problems = [ZeroBench().read(row(question_id=f"{i}_{j}")) for i in range(5) for j in range(4)]
    scored = [
        Scored(each, 0, "", "", CORRECT if each.attributes["cluster"] < "2" else INCORRECT)
        for each in problems
    ]
    score = ZeroBench().summarise(scored, 0.95).score
    assert score.value == pytest.approx(0.4)
    # All four subquestions of a question agree: error² .24 / 4, four effective trials and not
    # twenty; t(.975, 4)² / 4 = 1.927161: centre 1.363581 / 2.927161,
    # half sqrt(1.927161 (.24 + .481790)) / 2.927161.
    assert (score.low, score.high) == pytest.approx((0.062918, 0.868756), abs=5e-6)
