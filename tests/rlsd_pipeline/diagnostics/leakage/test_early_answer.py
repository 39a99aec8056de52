import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.diagnostics.leakage.early_answer import (
    early_answers,
    first_answer_position,
    reasoning_of,
)
from tests.intervals import numbers


def test_positions_by_hand() -> None:
    # "red" at characters 0, 8 and nowhere of 20.
    assert first_answer_position("red is the colour ok", "red") == 0
    assert first_answer_position("this is red, I think", "red") == pytest.approx(8 / 20)
    assert first_answer_position("the shape is covered", "red") is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("x = 12", "2"),
        ("x = 2.5", "2"),
        ("x = 0.2", "2"),
        ("x = 1,200", "200"),
        ("x = 2,500", "2"),
        ("x = -2", "2"),
        ("x=-2", "2"),
        ("-2 it is", "2"),
        ("(−2, 3)", "2"),
        ("x_2", "2"),
        ("2nd", "2"),
        ("nobody", "no"),
        ("5-2", "-2"),
    ],
)
def test_inside_a_longer_word_it_is_not_the_answer(text: str, answer: str) -> None:
    assert first_answer_position(text, answer) is None


@pytest.mark.parametrize(
    ("text", "answer", "start"),
    [
        ("x = 2.", "2", 4),
        ("x = 2, y = 3", "2", 4),
        ("5 - 2", "2", 4),
        ("5-2", "2", 2),
        ("$2$", "2", 1),
        ("x = -2", "-2", 4),
        (r"so \frac{1}{2}.", r"\frac{1}{2}", 3),
        ("a Blue\n circle", "blue circle", 2),
        ("(b)", "B", 1),
        ("a+b (c)", "a+b (c)", 0),
    ],
)
def test_on_its_own_it_is(text: str, answer: str, start: int) -> None:
    assert first_answer_position(text, answer) == pytest.approx(start / len(text))


@given(st.text("abcdefgh ", max_size=40), st.text("abcdefgh ", max_size=40), st.sampled_from("xyz"))
def test_the_position_is_what_stands_before(before: str, after: str, answer: str) -> None:
    text = f"{before} {answer} {after}"
    assert first_answer_position(text, answer) == pytest.approx((len(before) + 1) / len(text))


def test_reasoning() -> None:
    assert reasoning_of("<think> a. b. </think><answer>yes</answer>") == "a. b."
    assert reasoning_of("a. b.</think>yes") == "a. b."
    assert reasoning_of("a. b. <answer>yes</answer>") == "a. b."
    assert reasoning_of("<think>a. b. and was cut") == "a. b. and was cut"
    assert reasoning_of("<answer>yes</answer>") == ""
    assert reasoning_of("<think></think>yes") == ""


def test_share_by_hand() -> None:
    # "no" at characters 0, 2 and 6 of 10, nowhere, and no reasoning; early is below .2.
    reasonings = ["no 3456789", "0 no 56789", "01234 no 9", "0123456789", " "]
    found = early_answers(reasonings, ["no"] * 5)
    assert found.positions == [0, pytest.approx(0.2), pytest.approx(0.6), None, None]
    assert found.early == 1
    assert found.share.value == pytest.approx(1 / 5)
    assert (found.absent, found.without_reasoning) == (1, 1)
    assert found.median_position == pytest.approx(0.2)


def test_within_moves_the_line() -> None:
    reasonings = ["no 3456789", "01234 no 9", "0123456789", ""]
    found = early_answers(reasonings, ["no"] * 4, within=0.7)
    # At 0 and at 6 of 10 characters.
    assert found.positions == [0, pytest.approx(0.6), None, None]
    assert (found.early, found.absent, found.without_reasoning) == (2, 1, 1)
    assert found.median_position == pytest.approx(0.3)
    # Two or more of four have a probability of .05 at .09761.
    assert numbers(found.share) == pytest.approx((0.5, 0.09761, 0.90239), abs=2e-5)


def test_nobody_names_it() -> None:
    found = early_answers(["plain text"], ["42"])
    assert found.median_position is None
    assert found.share.value == 0


def test_what_cannot_be_looked_for() -> None:
    with pytest.raises(ValueError, match="blank answer"):
        first_answer_position("text", " ")
    with pytest.raises(ValueError, match="2 reasonings and 1 answers"):
        early_answers(["a", "b"], ["a"])
