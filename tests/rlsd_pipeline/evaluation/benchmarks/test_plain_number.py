from fractions import Fraction

import pytest

from rlsd_pipeline.evaluation.benchmarks.plain_number import only_number, plain_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", Fraction(5)),
        ("-5.50", Fraction(-11, 2)),
        ("$1/3$", Fraction(1, 3)),
        ("1,234,567.5", Fraction(2469135, 2)),
        ("**12**.", Fraction(12)),
        ("1,23", None),
        ("0,123", None),
        ("5 cm", None),
        ("1/0", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_plain_number(text: str, value: Fraction | None) -> None:
    assert plain_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("There are 4 of them", Fraction(4)),
        ("It costs 1,200 euros.", Fraction(1200)),
        ("about -2.5 degrees", Fraction(-5, 2)),
        ("1/3 cup", Fraction(1, 3)),
        ("4", None),
        ("4 x", None),
        ("4 or 5", None),
        ("between 4-5 dots", None),
        ("4 pi", None),
        ("sqrt(4)", None),
        ("4 million", None),
        ("not 4", None),
        ("4% of them", None),
        ("2^4 dots", None),
        ("x = 4 here", None),
        ("version 1.2.3", None),
        ("dates such as 1/2/2003", None),
        ("none of them", None),
        ("anything but 4", None),
        ("it isn't 4", None),
        ("it can't be 4", None),
        ("fewer than 4", None),
        ("4 or six", None),
        ("twice 4", None),
        ("4 trillion", None),
        ("point 4", None),
        ("six instead of 4", None),
        ("a multiple of 4", None),
        ("the square of 4", None),
    ],
)
def test_only_number(text: str, value: Fraction | None) -> None:
    assert only_number(text, question="How many are there?") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The sum of the two is 7", Fraction(7)),
        ("There are 7 more dots", Fraction(7)),
        ("There are more than 7 dots", None),
        ("more dots: not 7", None),
        ("twice the sum of the two is 7", None),
        ("The sum is 7 or another", None),
        ("two 7", None),
    ],
)
def test_words_that_repeat_the_question(text: str, value: Fraction | None) -> None:
    assert only_number(text, question="How many more dots, and what is the sum of two?") == value
