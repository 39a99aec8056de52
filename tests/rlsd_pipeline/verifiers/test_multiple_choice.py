from collections.abc import Callable

import pytest

from rlsd_pipeline.verifiers.multiple_choice import MultipleChoiceVerifier, named_choices
from schemas.problem import Problem
from schemas.reward import Verdict
from tests.cost import assert_linear

COLOURS = ["red", "dark blue", "green", "$x^2$"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("B", {1}),
        ("b", {1}),
        ("(B)", {1}),
        ("**B**", {1}),
        ("**(B)**", {1}),
        ("b.", {1}),
        ("B)", {1}),
        ("$B$", {1}),
        (r"\text{B}", {1}),
        (r"$\boxed{\text{B}}$", {1}),
        ("B. dark blue", {1}),
        ("(B) Dark  Blue.", {1}),
        ("(B)dark blue", {1}),
        ("B: a shade of blue", {1}),
        ("Option B", {1}),
        ("The correct answer is (B).", {1}),
        ("it must be (B), I think", {1}),
        ("dark blue", {1}),
        ("DARK BLUE.", {1}),
        ("x^2", {3}),
        ("A. green", {0, 2}),
        ("(A) or (C)", {0, 2}),
        ("A. C", {0, 2}),
        ("A and C", {0, 2}),
        ("E", set()),
        ("purple", set()),
        ("A dog", set()),
        ("", set()),
    ],
)
def test_named_choices(text: str, named: set[int]) -> None:
    assert named_choices(text, COLOURS) == named


def test_choices_of_the_same_text_are_one() -> None:
    choices = ["red", "blue", "Red"]
    assert named_choices("red", choices) == {0}
    assert named_choices("C", choices) == {0}
    assert named_choices("(A) or (C)", choices) == {0}


def test_letters_as_choices() -> None:
    assert named_choices("B", ["A", "B", "C"]) == {1}
    assert named_choices("A", ["C", "A", "B"]) == {0, 1}
    assert named_choices("(A)", ["C", "A", "B"]) == {0}


def test_text_that_looks_like_a_letter() -> None:
    assert named_choices("f(A)", ["f(B)", "f(A)"]) == {1}
    assert named_choices("C. elegans", ["A. thaliana", "C. elegans"]) == {1}


def test_blanks_that_mean_nothing() -> None:
    choices = ["$1 : 2$", r"2 + 2 \sqrt{2}", "1 3", "13"]
    assert named_choices("1:2", choices) == {0}
    assert named_choices(r"2+2$\sqrt{2}$", choices) == {1}
    assert named_choices("1 3", choices) == {2}
    assert named_choices("13", choices) == {3}


def test_without_choices_only_letters_count() -> None:
    assert named_choices("(D)", []) == {3}
    assert named_choices("red", []) == set()


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ("B", "(B) dark blue", (Verdict.CORRECT, None)),
        ("dark blue", "B", (Verdict.CORRECT, None)),
        ("B", "dark blue", (Verdict.CORRECT, None)),
        ("B", "C", (Verdict.INCORRECT, None)),
        ("B", "A. green", (Verdict.UNPARSED, "the answer names 2 different choices")),
        ("B", "purple", (Verdict.UNPARSED, "the answer names none of the choices")),
        ("mauve", "B", (Verdict.VERIFIER_ERROR, "the gold answer names none of the choices")),
    ],
)
def test_compare(
    problem: Callable[..., Problem], gold: str, answer: str, expected: tuple[Verdict, str | None]
) -> None:
    asked = problem(gold, choices=COLOURS)
    assert MultipleChoiceVerifier().compare(answer, asked) == expected


@pytest.mark.slow
@pytest.mark.parametrize("text", ["9" * 10**7, "A. " * 10**6, "(A)" * 10**6, " " * 10**7 + "?"])
def test_huge_answers_cost_little(text: str) -> None:
    assert_linear(lambda given: named_choices(given, COLOURS), text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("(B). There are no green cars", {1}),
        ("(C). If the trees died, they would decrease", {2}),
        ("If the trees died, they would decrease. (C)", {2}),
        ("therefore (B), dark blue", {1}),
        ("The colour of it is the (B) dark blue", {1}),
        (r"\( \text{C} \)", {2}),
        (r"\[B\]", {1}),
        (r"C} \]", {2}),
        (r"{\bf (A)}", {0}),
        ("A (which fits, if not exactly)", {0}),
        ("(B) is wrong", set()),
        ("(B). It isn't the answer", set()),
        ("(A). No, it is blue", set()),
        ("(A) or maybe blue", set()),
        ("(A), but I am not sure", set()),
        ("A (not red)", set()),
        ("It is not this one. (C)", set()),
        ("N/A", set()),
        ("A or G", set()),
        ("A, b, c", {0, 1, 2}),
        ("I'm sorry, I can't help with that", set()),
    ],
)
def test_a_letter_and_what_is_said_of_it(text: str, named: set[int]) -> None:
    assert named_choices(text, COLOURS) == named


def test_a_refusal_is_no_letter() -> None:
    assert named_choices("I'm sorry, I can't tell.", list("abcdefghij")) == set()


def test_a_letter_beside_its_own_text() -> None:
    assert named_choices("(A) B", ["B", "A", "C"]) == {0}
    assert named_choices("(B). No, there are more dots", ["Yes", "No"]) == {1}
    assert named_choices(
        r"\text{(B)}\ \text{none of these}", ["$1$", r"$\text{none of these}$"]
    ) == {1}


def test_words_of_the_question_add_nothing_to_a_letter() -> None:
    asked = frozenset({"greatest", "area", "is", "the"})
    assert named_choices("The greatest area is (C)", COLOURS, known=asked) == {2}
    assert named_choices("The wrong area is (C)", COLOURS, known=asked) == set()
    assert named_choices("The smallest area is (C)", COLOURS, known=asked) == set()
