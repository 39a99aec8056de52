import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.verifiers.extractions.answer_tag import AnswerTag
from rlsd_pipeline.verifiers.extractions.boxed import Boxed
from rlsd_pipeline.verifiers.extractions.last_line import LastLine
from tests.cost import assert_linear

LINE = LastLine()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<answer>red</answer>", "red"),
        ("<think>x</think>\n<answer>\n red \n</answer>\n", "red"),
        ("<answer>a</answer> wait <answer>b</answer>", "b"),
        ("<answer>a</answer> wait <answer>b", "a"),
        ("<answer>a<answer>b</answer>", "b"),
        ("<answer>a</answer></answer>", "a"),
        ("<answer>a", None),
        ("a</answer>", None),
        ("</answer>a<answer>", None),
        ("<answer> </answer>", None),
        ("", None),
        ("the answer is red", None),
    ],
)
def test_answer_tag_extracts_the_last_complete_pair(text: str, answer: str | None) -> None:
    assert AnswerTag().extract(text) == answer


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("<think>why</think><answer>red</answer>", True),
        ("\n<think>\nwhy\n</think>\n\n<answer>red</answer>\n", True),
        ("<think></think><answer>red</answer>", True),
        ("<answer>red</answer>", False),
        ("<think>why</think>", False),
        ("<think>why</think><answer></answer>", False),
        ("<think>why</think><answer>red</answer>!", False),
        ("Well, <think>why</think><answer>red</answer>", False),
        ("<think>why</think>so<answer>red</answer>", False),
        ("<answer>red</answer><think>why</think>", False),
        ("<think>why<answer>red</answer></think>", False),
        ("<think>a</think><think>b</think><answer>red</answer>", False),
        ("<think>a</think><answer>red</answer><answer>red</answer>", False),
        ("<think>a</answer><answer>red</think>", False),
        ("</think><think><answer>red</answer>", False),
    ],
)
def test_answer_tag_format(text: str, ok: bool) -> None:
    assert AnswerTag().format_ok(text) is ok


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{5}.", "5"),
        (r"\boxed{3} or rather \boxed{4}", "4"),
        (r"\boxed{3} or rather \boxed{4", "3"),
        (r"\boxed {\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\left\{ 1 \right.}", r"\left\{ 1 \right."),
        (r"\boxed{\boxed{5}}", "5"),
        (r"{ \boxed{5} }}}", "5"),
        (r"\boxed{}", None),
        (r"\boxed 5", None),
        (r"\boxed{5", None),
        ("5", None),
    ],
)
def test_boxed_extracts_the_last_balanced_box(text: str, answer: str | None) -> None:
    assert Boxed().extract(text) == answer


def test_boxed_format() -> None:
    assert Boxed().format_ok(r"hence \boxed{5}")
    assert not Boxed().format_ok(r"hence \boxed{5} or \boxed{6}")
    assert not Boxed().format_ok(r"hence \boxed{}")
    assert not Boxed().format_ok("hence 5")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Because.\nAnswer: B", "B"),
        ("Because.\n**Answer:** B\n\n", "B"),
        ("answer: B", "B"),
        ("Answer: A\nAnswer: B", "B"),
        ("Answer: A\nor not", None),
        ("Answer:", None),
        ("", None),
    ],
)
def test_last_line(text: str, answer: str | None) -> None:
    assert LINE.extract(text) == answer
    assert LINE.format_ok(text) is (answer is not None)


@pytest.mark.parametrize(
    ("extraction", "text", "place"),
    [
        (AnswerTag(), "<answer>a</answer> or <answer> b </answer>", " b "),
        (AnswerTag(), "<answer></answer>", ""),
        (AnswerTag(), "<answer>a", None),
        (Boxed(), r"so \boxed{4} or \boxed {\frac{1}{2}}.", r"\frac{1}{2}"),
        (Boxed(), r"\boxed{\boxed{5}}", "5"),
        (Boxed(), r"\boxed{5", None),
        (LINE, "Because.\nanswer: B \n\n", "answer: B"),
        (LINE, "**Answer:** B", "**Answer:** B"),
        (LINE, "Answer: B\nor not", None),
        (LINE, "Answer:", None),
    ],
)
def test_where_the_answer_stands(
    extraction: AnswerTag | Boxed | LastLine, text: str, place: str | None
) -> None:
    span = extraction.locate(text)
    assert (None if span is None else text[slice(*span)]) == place


TEXTS = st.lists(
    st.sampled_from(
        [
            *("<answer>", "</answer>", "<think>", "</think>"),
            *("\\boxed{", "\\boxed {", "\\{", "{", "}", "\\"),
            *("Answer:", "answer: ", "**", "\n", "\r\n", "\x85", "\u2028", " "),
        ]
    )
    | st.text("ab1 é", min_size=1, max_size=3),
    max_size=14,
).map("".join)


@given(TEXTS)
@pytest.mark.parametrize("extraction", [AnswerTag(), Boxed()], ids=repr)
def test_what_stands_there_is_what_is_read(extraction: AnswerTag | Boxed, text: str) -> None:
    span = extraction.locate(text)
    found = extraction.extract(text)
    if span is None:
        assert found is None
        return
    assert 0 <= span[0] <= span[1] <= len(text)
    assert found == (text[slice(*span)].strip() or None)


@given(TEXTS)
def test_the_last_line_that_stands_there_is_the_one_that_is_read(text: str) -> None:
    span = LINE.locate(text)
    found = LINE.extract(text)
    assert (span is None) == (found is None)
    if span is not None:
        start, end = span
        # One line, with nothing but blanks behind it, that gives the same answer by itself.
        assert "\n" not in text[start:end]
        assert not text[end:].strip()
        assert start == 0 or text[start - 1] == "\n"
        assert LINE.extract(text[start:end]) == found


@pytest.mark.parametrize("extraction", [AnswerTag(), Boxed(), LINE])
@pytest.mark.parametrize("answer", ["red", r"\frac{1}{2}", "(3, -4)", "5 cm"])
def test_what_is_rendered_is_extracted(
    extraction: AnswerTag | Boxed | LastLine, answer: str
) -> None:
    assert extraction.extract(f"Because.\n{extraction.render(answer)}") == answer


def test_rendered_literally() -> None:
    assert AnswerTag().render("5") == "<answer>5</answer>"
    assert Boxed().render("5") == r"\boxed{5}"
    assert LINE.render("5") == "Answer: 5"


@pytest.mark.parametrize(
    "text",
    [
        "9" * 10_000_000,
        "<answer>" * 100_000,
        "</answer>" * 100_000,
        r"\boxed{" * 100_000,
        r"\boxed{" * 20_000 + "}" * 20_000,
        "{" * 100_000,
        "\n" * 1_000_000,
    ],
)
def test_huge_responses_cost_little(text: str) -> None:
    for extraction in (AnswerTag(), Boxed(), LINE):
        assert_linear(extraction.extract, text)
        assert_linear(extraction.format_ok, text)
