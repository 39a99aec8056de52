import pytest

from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions

LEAKS = [
    "the reference says 4. so it is 4.",
    "The reference clearly states that x = 2.",
    "As the given reference shows, it is red.",
    "This is the same as the reference answer.",
    "Following the reference solution, we factor.",
    "Checking against the provided solution, B holds.",
    "The\nprovided  solution uses induction.",
    "which matches the given answer.",
    "The given correct answer is 12.",
    "so the known solution must be right",
    "The official answer is C.",
    "A worked solution: first add.",
    "The ground-truth answer is 5, so",
    "the ground truth answer is 5",
    "The gold answer is yes.",
    "as stated in the reference, the angle is 30.",
    "As given in the solution, we substitute.",
    "According to the solution, the sum is 8.",
    "According to the solution we get 8.",
    "According to the answer key, it is D.",
    "The correct answer is known to be: 7",
    "the answer is already known, so",
    "The answer is given as 42.",
    "I already know the correct answer is 3.",
    "Given that the correct answer is 3, work backwards.",
    "We are told the right answer is blue.",
    "the solution provided to me",
    "the answer that was given in the prompt",
]

INNOCENT = [
    "In the reference frame of the train, the ball rests.",
    "According to the reference frame of the train,",
    "Take the ground as the reference point; the reference level is 0.",
    "According to the reference table, iron melts at 1811 K.",
    "Compare with the reference image on the left.",
    "For future reference, note the sign.",
    "Among the given answer choices, only B fits.",
    "Looking at the provided answer options, and at the given answers, C.",
    "in the given answer format",
    "The solution given by x = 2 is a minimum.",
    "the answer given the constraints is unique",
    "The solution is given by the quadratic formula.",
    "a known solution of the equation is e^x",
    "any given solution may fail",
    "The given solution contains 5 g of salt.",
    "the given solution of NaCl has a pH of 7",
    "The answer is given as a fraction.",
    "Given that the answer is an integer, try 3.",
    "We know the answer is positive.",
    "The answer is not known yet.",
    "According to the problem, she has 3 apples.",
    "According to the solutions of the system, x = y.",
    "Let me provide a solution. My solution is 5.",
    "The solution set is empty.",
    "is the shape red? a red circle. asked red, seen red same. yes",
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_leak_is_found_once(text: str) -> None:
    found = find_mentions(text)
    assert len(found) == 1
    assert text[found[0].start : found[0].end] == found[0].text
    assert find_mentions(text.upper())


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_text_is_not(text: str) -> None:
    assert find_mentions(text) == []


def test_spans_from_left_to_right() -> None:
    text = "the reference says no; according to the solution, no"
    first, second = find_mentions(text)
    assert (first.start, first.end, first.text) == (0, 18, "the reference says")
    assert (second.start, second.text) == (23, "according to the solution")


def test_of_two_that_overlap_the_first_stays() -> None:
    found = find_mentions("abcdef", ["cde", "bcd", "e"])
    # bcd begins at 1 and covers the start of cde; e begins after it.
    assert [(mention.start, mention.text) for mention in found] == [(1, "bcd"), (4, "e")]
    assert [mention.pattern for mention in found] == ["bcd", "e"]


def test_own_patterns_take_the_place_of_the_defaults() -> None:
    (found,) = find_mentions("der Referenz nach, the reference says", [r"\breferenz\b"])
    assert found.text == "Referenz"


def test_an_empty_match_is_none() -> None:
    assert find_mentions("abc", ["x*"]) == []


def test_no_regular_expression() -> None:
    with pytest.raises(ValueError, match=r"pattern '\(' is no regular expression"):
        find_mentions("text", ["("])
