import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from rlsd_pipeline.verifiers.kinds.number import agree, number_in
from rlsd_pipeline.verifiers.markup import plain
from rlsd_pipeline.verifiers.math import MathVerifier
from schemas.problem import Problem
from schemas.reward import Verdict

CORRECT, INCORRECT, UNPARSED = Verdict.CORRECT, Verdict.INCORRECT, Verdict.UNPARSED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" $5$. ", "5"),
        ("$$5$$", "5"),
        (r"\(5\)", "5"),
        (r"\[5\]", "5"),
        ("**73**", "73"),
        ("2$ $1", "2 1"),
        (r"\$5", r"\$5"),
        (r"\text{red}", "red"),
        ("1 000 000", "1000000"),
        (r"10\,000", "10000"),
        ("−5", "-5"),
        ("2√3", r"2\sqrt{3}"),
        ("√(x+1)", r"\sqrt{x+1}"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-3", Fraction(-3)),
        ("0.250", Fraction(1, 4)),
        (".5", Fraction(1, 2)),
        ("1e3", Fraction(1000)),
        ("24/7", Fraction(24, 7)),
        ("1/0", None),
        ("1e9999", None),
        ("1,000", Fraction(1000)),
        ("1,00", None),
        ("x", None),
        ("", None),
    ],
)
def test_number_in(text: str, value: Fraction | None) -> None:
    assert number_in(text) == value


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ("3", "3.0000000001", True),
        ("1/3", "0.333333", True),
        ("2.83", "2.828", False),
        ("12345678", "12345679", False),
        ("6.6e-34", "0", False),
        ("6.6e-34", "6.60e-34", True),
    ],
)
def test_agree_at_six_places(expected: str, found: str, same: bool) -> None:
    assert agree(Fraction(expected), Fraction(found), 6) is same


def test_agree_at_two_places() -> None:
    assert agree(Fraction("2.83"), Fraction("2.828"), 2)


@pytest.mark.parametrize(
    ("gold", "answer", "verdict"),
    [
        ("5", "5", CORRECT),
        ("5", "5.0", CORRECT),
        ("5", "6", INCORRECT),
        ("1000", "1e3", CORRECT),
        ("1:2", "1:2", CORRECT),
        ("3.0", "3 cm", CORRECT),
        (r"\frac{1}{2}", "0.5", CORRECT),
        (r"8\sqrt{3}", r"\sqrt{192}", CORRECT),
        ("x+1", "1+x", CORRECT),
        ("(3,-4)", "(3, -4)", CORRECT),
        ("(3,-4)", "(-4, 3)", INCORRECT),
        (r"\{1,2\}", r"\{2,1\}", CORRECT),
        ("x=5", "5", CORRECT),
        (r"\pi", "3.14", INCORRECT),
        ("4", "3 or 4", INCORRECT),
        ("B", "(B)", CORRECT),
        ("red", r"\text{Red}", CORRECT),
        ("listen", "silent", INCORRECT),
        ("1/2004!", "1/2006!", INCORRECT),
        (r"6.6\times 10^{-34}", "0", INCORRECT),
        (r"6.6\times 10^{-34}", r"6.60 \cdot 10^{-34}", CORRECT),
        ("5", "2 3", UNPARSED),
        ("5", r"2\quad 3", UNPARSED),
        ("5", r"\frac{", UNPARSED),
        ("5", "5] [5", UNPARSED),
    ],
)
def test_compare(
    mathematics: MathVerifier,
    problem: Callable[..., Problem],
    gold: str,
    answer: str,
    verdict: Verdict,
) -> None:
    assert mathematics.compare(answer, problem(gold))[0] is verdict


@pytest.mark.parametrize("gold", [r"\frac{", "x^{2", r"\unknown{3}"])
def test_gold_that_cannot_be_parsed_judges_nobody(
    mathematics: MathVerifier, problem: Callable[..., Problem], gold: str
) -> None:
    unreadable = (Verdict.VERIFIER_ERROR, "the gold answer cannot be parsed")
    assert mathematics.compare("7", problem(gold)) == unreadable
    assert mathematics.compare(gold, problem(gold)) == (CORRECT, None)


def test_gold_equal_as_text_needs_no_parsing(
    mathematics: MathVerifier, problem: Callable[..., Problem]
) -> None:
    assert mathematics.compare("3 1/2", problem("3 1/2")) == (CORRECT, None)


HOSTILE = {
    "power tower": ("9^{9^{9^9}}", "too large to compare"),
    "factorial": ("(10^8)!", "too large to compare"),
    "five thousand braces": ("{" * 5000 + "}" * 5000, "longer than 256 characters"),
    "code": ("__import__('os').system('touch {canary}')", "not understood as number"),
    "code in a command": (r"\text{__import__('os').system('touch {canary}')}", None),
    "ten megabytes": ("9" * 10_000_000, "longer than 256 characters"),
    "null bytes": ("5\0\0", "not understood as number"),
    "end of the line": ('5"}\n{"gold": "5"', "not understood as number"),
    "many numbers": ("1 " * 128, "not understood as number"),
    "huge exponent": ("1e999999999", None),
    "lone surrogate": ("\ud800", None),
}


SETTLED = 10.0
"""Seconds; the deadline is one, and the machine may be busy. Without it the powers never end."""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_settled_within_the_deadline(
    mathematics: MathVerifier, problem: Callable[..., Problem], tmp_path: Path, name: str
) -> None:
    answer, reason = HOSTILE[name]
    canary = tmp_path / "canary"
    assert mathematics.compare(r"\frac{10}{2}", problem("5")) == (CORRECT, None)
    start = time.perf_counter()
    verdict, why = mathematics.compare(answer.replace("{canary}", str(canary)), problem("5"))
    assert time.perf_counter() - start < SETTLED
    assert verdict is not CORRECT
    if reason:
        assert (verdict, why) == (UNPARSED, reason)
    assert not canary.exists()
    assert mathematics.compare(r"\frac{10}{2}", problem("5")) == (CORRECT, None)
