"""Which tokens are reasoning, answer and format."""

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.credit.segments import Segment, token_segments
from rlsd_pipeline.verifiers.extractions.answer_tag import AnswerTag
from rlsd_pipeline.verifiers.extractions.boxed import Boxed
from rlsd_pipeline.verifiers.extractions.extraction import Extraction
from rlsd_pipeline.verifiers.extractions.last_line import LastLine

R, A, F = Segment.REASONING, Segment.ANSWER, Segment.FORMAT
LINE = LastLine()


def segments(tokens: list[str], extraction: Extraction) -> list[int]:
    """Of a response given as its tokens' texts."""
    ends = list(accumulate(map(len, tokens)))
    found = token_segments("".join(tokens), ends, extraction)
    assert found.dtype == np.uint8
    return found.tolist()


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        # The last token has no text: it ends the response.
        (["<think>", "a", " b", "</think>", "<answer>", "re", "d", "</answer>", ""], "FRRFFAAFF"),
        # Tags in pieces.
        (["<", "answer", ">", "x", "</", "answer>"], "FFFAFF"),
        # The last complete pair alone is the answer; what an earlier one held is reasoning.
        (["<answer>", "a", "</answer>", "no", "<answer>", "b", "</answer>"], "FRFRFAF"),
        # No complete pair, no answer.
        (["<answer>", "a"], "FR"),
        (["the", " answer"], "RR"),
        # An empty one.
        (["<answer>", "</answer>"], "FF"),
        # A token that reaches into two parts belongs to its first character's.
        (["why</think>", "so<answer>", "a</answer>"], "RRA"),
        (["<answer>a", "b</answer>"], "FA"),
        # Another control token.
        (["a", "<|im_start|>", "b"], "RFR"),
    ],
)
def test_answer_between_tags(tokens: list[str], expected: str) -> None:
    assert segments(tokens, AnswerTag()) == [{"R": R, "A": A, "F": F}[part] for part in expected]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["so", " \\boxed{", "4", "2", "}", ".", ""], "RRAARRF"),
        # Braces inside are the answer's.
        (["\\boxed", " {", "\\frac{", "1", "}{", "2}", "}"], "FFAAAAR"),
        (["\\boxed{", "1", "}", " or ", "\\boxed{", "2", "}"], "FRRRFAR"),
        (["\\boxed{", "1"], "FR"),
        (["1"], "R"),
    ],
)
def test_answer_in_a_box(tokens: list[str], expected: str) -> None:
    assert segments(tokens, Boxed()) == [{"R": R, "A": A, "F": F}[part] for part in expected]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["Because", ".", "\n", "Answer", ":", " B", "\n", ""], "RRRAAARF"),
        (["Answer:", " A", "\n", "**Answer:**", " B"], "RRRAA"),
        (["Answer: A", "\n", "or not"], "RRR"),
        (["Answer:"], "R"),
    ],
)
def test_answer_on_the_last_line(tokens: list[str], expected: str) -> None:
    assert segments(tokens, LINE) == [{"R": R, "A": A, "F": F}[part] for part in expected]


def test_no_tokens() -> None:
    assert token_segments("", [], AnswerTag()).tolist() == []


PIECES = st.lists(
    st.sampled_from(
        ["<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "}", "{", "Answer:", "\n"]
    )
    | st.text("aé😀 *", min_size=1, max_size=3),
    max_size=12,
)


@given(PIECES, st.data())
@pytest.mark.parametrize("extraction", [AnswerTag(), Boxed(), LINE], ids=repr)
def test_each_token_has_the_part_of_its_first_character(
    extraction: Extraction, pieces: list[str], data: st.DataObject
) -> None:
    """However the text is cut into tokens, empty ones among them."""
    text = "".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    by_character = token_segments(text, range(1, len(text) + 1), extraction).tolist()
    found = token_segments(text, [*cuts, len(text)], extraction).tolist()
    for start, end, part in zip([0, *cuts], [*cuts, len(text)], found, strict=True):
        assert part == (by_character[start] if end > start else F)


@given(PIECES)
@pytest.mark.parametrize("extraction", [AnswerTag(), Boxed(), LINE], ids=repr)
def test_the_answer_is_where_it_is_read_from(extraction: Extraction, pieces: list[str]) -> None:
    text = "".join(pieces)
    found = token_segments(text, range(1, len(text) + 1), extraction)
    answer = [place for place, part in enumerate(found.tolist()) if part == A]
    span = extraction.locate(text)
    inside = range(0) if span is None else range(*span)
    assert set(answer) <= set(inside)
    # Only format can stand in between.
    assert all(found[place] == F for place in inside if place not in answer)
