from typing import Any

import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmark import Benchmark
from rlsd_pipeline.evaluation.benchmarks.mathvista import MathVista
from rlsd_pipeline.evaluation.benchmarks.mathvista_official import choose
from rlsd_pipeline.evaluation.scored import Mode, Scored
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from rlsd_pipeline.evaluation.variants.mathvista_published import MathVistaPublished
from schemas import Verdict

CORRECT, INCORRECT, UNPARSED = Verdict.CORRECT, Verdict.INCORRECT, Verdict.UNPARSED


def row(**fields: Any) -> dict[str, Any]:
    metadata = {
        "split": "testmini",
        "language": "english",
        "img_width": 8,
        "img_height": 8,
        "source": "Invented",
        "category": "general-vqa",
        "task": "visual question answering",
        "context": "table",
        "grade": "college",
        "skills": ["arithmetic reasoning", "logical reasoning"],
    } | fields.pop("metadata", {})
    return {
        "pid": "7",
        "question": "How many dots are there?",
        "image": "images/7.jpg",
        "choices": None,
        "unit": None,
        "precision": None,
        "answer": "5",
        "question_type": "free_form",
        "answer_type": "integer",
        "metadata": metadata,
    } | fields


def choice_row(answer: str, *choices: str, **fields: Any) -> dict[str, Any]:
    multi = {"question_type": "multi_choice", "answer_type": "text"}
    return row(answer=answer, choices=list(choices), **multi, **fields)


def float_row(answer: str, precision: float) -> dict[str, Any]:
    return row(answer=answer, answer_type="float", precision=precision)


def verdict(
    kind: type[Benchmark], mode: Mode, item: dict[str, Any], **given: Any
) -> tuple[Verdict, str | None]:
    benchmark = kind(mode=mode)
    problem = benchmark.read(item)
    [scored] = settle(benchmark, {"7": problem}, [Prediction("7", **given)])
    return scored.verdict, scored.extracted


def test_a_row_becomes_a_problem() -> None:
    item = choice_row("two", "one", "two", metadata={"skills": ["logical reasoning"]})
    problem = MathVista().read(item)
    assert problem.problem_id == "7"
    assert problem.split == "testmini"
    assert problem.choices == ["one", "two"]
    assert problem.answer == "two"
    assert problem.images == []
    assert problem.attributes == {
        "question_type": "multi_choice",
        "answer_type": "text",
        "language": "english",
        "source": "Invented",
        "category": "general-vqa",
        "task": "visual question answering",
        "context": "table",
        "grade": "college",
        "skills": "logical reasoning",
    }


@pytest.mark.parametrize("precision", [2, 2.0])
def test_precision_and_unit_are_kept(precision: float) -> None:
    item = row(answer="0.50", answer_type="float", precision=precision, unit="cm")
    attributes = MathVista().read(item).attributes
    assert attributes["precision"] == "2"
    assert attributes["unit"] == "cm"


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        (row(answer_type="date"), "'date'"),
        (row(answer_type="float"), "'float None'"),
        (row(answer_type="float", precision=3), "'float 3'"),
        (row(question_type="multi_choice", answer_type="text", choices=[]), "has 0 choices"),
        (row(choices=["5", "6"]), "free_form and has 2 choices"),
    ],
)
def test_a_row_that_cannot_be_asked_is_refused(item: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        MathVista().read(item)


def test_prompt_of_a_choice() -> None:
    problem = MathVista().read(choice_row("是", "是", "否", question="图中有圆吗？"))
    assert MathVista().prompt(problem) == (
        "Hint: Please answer the question and provide the correct option letter, "
        "e.g., A, B, C, D, at the end.\n"
        "Question: 图中有圆吗？\n"
        "Choices:\n"
        "(A) 是\n"
        "(B) 否"
    )


def test_prompt_of_a_number_with_its_unit() -> None:
    assert MathVista().prompt(MathVista().read(row(unit="dots"))) == (
        "Hint: Please answer the question requiring an integer answer and provide the final "
        "value, e.g., 1, 2, 3, at the end.\n"
        "Question: How many dots are there? (Unit: dots)"
    )


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (float_row("0.5", 1), "with one decimal place and"),
        (float_row("0.51", 2.0), "with two decimal places and"),
        (row(answer="[1, 2]", answer_type="list"), "requiring a Python list"),
    ],
)
def test_prompt_names_the_kind_of_answer(item: dict[str, Any], words: str) -> None:
    assert words in MathVista().prompt(MathVista().read(item))


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        ("B", "rose"),
        ("(b) tulip", "rose"),
        ("either (A) or (B)", "tulip"),
        ("b", "fig"),
        ("F", "fig"),
        ("(F)", "fig"),
        ("roses", "rose"),
        ("", "fig"),
        ("I do not know", "tulip"),
    ],
)
def test_choose(answer: str, chosen: str) -> None:
    assert choose(answer, ["tulip", "rose", "fig"]) == chosen


def test_the_first_of_equally_near_choices_is_taken() -> None:
    assert choose("cot", ["cut", "cat", "dog"]) == "cut"


@pytest.mark.parametrize(
    ("extraction", "head", "published"),
    [
        ("5", CORRECT, CORRECT),
        (" 5\n", CORRECT, CORRECT),
        ("5.0", CORRECT, UNPARSED),
        ("5.9", CORRECT, UNPARSED),
        ("-5", INCORRECT, INCORRECT),
        ("5 dots", UNPARSED, UNPARSED),
        ("", UNPARSED, UNPARSED),
        ("inf", UNPARSED, UNPARSED),
        ("nan", UNPARSED, UNPARSED),
        ("9" * 5000, UNPARSED, UNPARSED),
    ],
)
def test_the_two_official_integer_rules(extraction: str, head: Verdict, published: Verdict) -> None:
    given = {"extraction": extraction}
    assert verdict(MathVista, "official", row(), **given)[0] is head
    assert verdict(MathVistaPublished, "official", row(), **given)[0] is published


@pytest.mark.parametrize(
    ("item", "extraction", "expected"),
    [
        (float_row("0.3", 1), "0.349", CORRECT),
        (float_row("0.3", 1.0), "0.35", CORRECT),  # 0.35 is less than 35/100 in binary
        (float_row("0.30", 2), "0.3", INCORRECT),  # str(0.3) has no second zero
        (float_row("0.0", 1), "-0.01", INCORRECT),  # it is written -0.0
        (float_row("0.3", 1), "about 0.3", UNPARSED),
        (row(answer="[1, 2]", answer_type="list"), "[1, 2]", CORRECT),
        (row(answer="[1, 2]", answer_type="list"), "[1,2]", INCORRECT),
    ],
)
def test_official_floats_and_lists(
    item: dict[str, Any], extraction: str, expected: Verdict
) -> None:
    assert verdict(MathVista, "official", item, extraction=extraction)[0] is expected


@pytest.mark.parametrize(
    ("item", "response", "extracted"),
    [
        (choice_row("two", "one", "two"), "two", "two"),
        (choice_row("two", "one", "two"), "It is two.", None),
        (choice_row("two", "one", "two"), "", ""),
        (row(), " 5 ", "5"),
        (row(), "5.0", None),
        (float_row("0.5", 1), "1/2", None),
        (float_row("0.5", 1), ".5", "0.5"),
        (row(), 'So.\nThe answer is "5 dots".', "5 dots"),
        (row(), 'The answer is "5". No: the other is "6".', '5". No: the other is "6'),
        (row(), 'The answer is "5" dots\nThe answer is "6".', "6"),
        (row(), "The answer is 5.", None),
    ],
)
def test_official_short_cuts(item: dict[str, Any], response: str, extracted: str | None) -> None:
    assert verdict(MathVista, "official", item, response=response)[1] == extracted


def test_a_repeated_opening_takes_linear_time() -> None:
    response = 'The answer is "' * 6000
    assert verdict(MathVista, "official", row(), response=response) == (UNPARSED, None)


@pytest.mark.parametrize(
    ("item", "response", "expected"),
    [
        (choice_row("two", "one", "two"), "The answer is (B).", CORRECT),
        (choice_row("two", "one", "two"), "Answer: two", CORRECT),
        (choice_row("two", "one", "two"), "Answer: tow", UNPARSED),
        (choice_row("two", "one", "two"), "", UNPARSED),
        # A gold text that looks like another choice's letter, and a text that two choices have.
        (choice_row("A", "C", "A", "B"), "Answer: (B)", CORRECT),
        (choice_row("A", "C", "A", "B"), "Answer: (A)", INCORRECT),
        (choice_row("(b)", "(c)", "(a)", "(b)"), "Answer: (b)", CORRECT),
        (choice_row("(b)", "(c)", "(a)", "(b)"), "Answer: C", CORRECT),
        (choice_row("(b)", "(c)", "(a)", "(b)"), "Answer: B", INCORRECT),
        (choice_row("(b)", "(c)", "(a)", "(b)"), "Answer: (C)", CORRECT),
        (choice_row("(b)", "(c)", "(a)", "(b)"), "Answer: (B)", INCORRECT),
        (choice_row("18", "9", "12", "18", "18"), "Answer: D", CORRECT),
        (row(), r"\boxed{5}", CORRECT),
        (row(), "Answer: 5.0", CORRECT),
        (row(), "Answer: 5.9", INCORRECT),
        (row(), "Answer: 5.0000001", INCORRECT),
        (row(answer="1200", unit="g"), "Answer: 1,200 g.", CORRECT),
        (row(answer="3", unit="years"), "<answer>3 Years</answer>", CORRECT),
        (row(), "There are 5 dots in the picture.", CORRECT),
        (row(), "There are 4 dots in the picture.", INCORRECT),
        (row(), "There are five dots in the picture.", UNPARSED),
        (row(), "There are 10 dots in 2 rows, with 5 dots in each.", UNPARSED),
        (row(answer="1200"), "<answer>1,200 dots</answer>", CORRECT),
        (row(), "<answer>5 million</answer>", INCORRECT),
        (float_row("0.3", 1), "Answer: 0.349", CORRECT),
        (float_row("0.3", 1), "Answer: 0.35", CORRECT),
        (float_row("0.3", 1), "Answer: 0.36", INCORRECT),
        (float_row("0.30", 2), "Answer: 0.3", CORRECT),
        (float_row("0.0", 1), "Answer: -0.01", CORRECT),
        (float_row("0.33", 2), r"\boxed{\frac{1}{3}}", CORRECT),
        (float_row("0.33", 2), r"\boxed{\frac{1}{4}}", INCORRECT),
        (row(answer="[1, 2]", answer_type="list"), "Answer: [1,2.0]", CORRECT),
        (row(answer="[1, 2]", answer_type="list"), "Answer: 1 and 2", CORRECT),
        (row(answer="[1, 2]", answer_type="list"), r"$\boxed{\{1, 2\}}$", CORRECT),
        (row(answer="[1, 2]", answer_type="list"), "Answer: [2, 1]", INCORRECT),
        (row(answer="[1, 2]", answer_type="list"), "Answer: [1, 2, 2]", INCORRECT),
    ],
)
def test_robust(item: dict[str, Any], response: str, expected: Verdict) -> None:
    assert verdict(MathVista, "robust", item, response=response)[0] is expected


@pytest.mark.parametrize(
    "answer",
    [
        "anything but 5",
        "isn't 5",
        "it can't be 5",
        "fewer than 5",
        "5 or six",
        "twice 5",
        "5 trillion",
        "point 5",
        "six instead of 5",
        "5 squared",
        "5 dozen dots",
        "There are fewer than 5 dots",
    ],
)
def test_words_that_change_a_number_are_never_dropped(answer: str) -> None:
    for given in ({"extraction": answer}, {"response": f"The answer is {answer}."}):
        assert verdict(MathVista, "robust", row(), **given)[0] in (INCORRECT, UNPARSED)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1/2", CORRECT),
        (r"\frac{1}{2}", CORRECT),
        ("2/1", INCORRECT),
        ("not 1/2", UNPARSED),
        ("twice 0.5", UNPARSED),
        ("not (A)", UNPARSED),
        ("anything but (A)", UNPARSED),
        ("N/A", UNPARSED),
    ],
)
def test_choices_are_compared_as_mathematics_and_never_by_a_denial(
    answer: str, expected: Verdict
) -> None:
    assert verdict(MathVista, "robust", choice_row("0.5", "0.5", "2"), extraction=answer)[0] is (
        expected
    )


@pytest.mark.parametrize("answer", ["9" * 5000, "1," * 20_000, "9^{9^{9}}!", "\0", "{" * 5000])
@pytest.mark.parametrize(
    "item", [row(), float_row("0.5", 1), row(answer="[1, 2]", answer_type="list")]
)
def test_hostile_answers_are_not_right(item: dict[str, Any], answer: str) -> None:
    assert verdict(MathVista, "robust", item, extraction=answer)[0] in (UNPARSED, INCORRECT)


def test_a_question_counts_in_each_of_its_skills() -> None:
    first = MathVista().read(row(pid="1"))
    second = MathVista().read(row(pid="2", metadata={"skills": ["logical reasoning"]}))
    scored = [Scored(first, 0, "", "5", CORRECT), Scored(second, 0, "", "4", INCORRECT)]
    summary = MathVista().summarise(scored, 0.95)
    assert summary.score.value == 0.5
    assert summary.question_scores == {"1": 1.0, "2": 0.0}
    skills = {
        label: (part.n, part.score)
        for label, part in summary.breakdown.items()
        if label.startswith("skills=")
    }
    assert skills == {
        "skills=arithmetic reasoning": (1, 1.0),
        "skills=logical reasoning": (2, 0.5),
    }
    assert summary.breakdown["answer_type=integer"].n == 2
