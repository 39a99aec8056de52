import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.verifiers.extractions.final_answer import FinalAnswer
from tests.cost import assert_linear


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>It is 4.</think><answer>5</answer>", "5"),
        ("The answer is 4.\n<answer>5</answer>", "5"),
        (r"The answer is \boxed{4}, no: \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{4} or \boxed{}", None),
        ("Because.\nAnswer: B", "B"),
        ("Because.\n**Answer:** B", "B"),
        ("**Final Answer**: $x = 5$.", "$x = 5$"),
        ("### Final Answer:\n\n42\n", "42"),
        ("ANSWER: C", "C"),
        ("<Thought process>: <<it is red>> <Answer>: <<B>>", "B"),
        ("<Answer>: <<B", "B"),
        ("<Answer>: <B>.", "B"),
        ("Answer: <image3>", "<image3>"),
        ("The answer is (B).", "(B)"),
        ("The answer is **5** because 2 + 3 = 5.", "5"),
        ("The answer is 5, since 2 + 3 = 5.", "5"),
        ("The answer is 0.5. Both parts are equal.", "0.5"),
        ("The answer is A. Then I checked the rest.", "A. Then I checked the rest"),
        ("The answer is B. dark blue", "B. dark blue"),
        ("Therefore, the correct option is (C) green.", "(C) green"),
        ('The answer to the question is "red".', "red"),
        ("The answer should be 7", "7"),
        ("Answer: A\nOn second thoughts, the answer is B.", "B"),
        ("B", "B"),
        ("(B)\n", "(B)"),
        ("**B.**", "B"),
        ("dark blue.", "dark blue"),
        ("-3.5", "-3.5"),
        (".5", ".5"),
        ("Two and three are five.\n\n**5**", "5"),
        ("First, red.\nSecond, blue.\n(A)", "(A)"),
        ("(D)\n\nBecause C is blue.", "(D)"),
        (r"\boxed{20 cm}. Hence, the answer is (B).", "(B)"),
        (r"\boxed{20 cm}. Hence, the answer is plain.", "20 cm"),
        (r"The answer is A, no: \boxed{B}", "B"),
        ("1.\nThe first step is clear.", None),
        ("I look.\nI see nothing to say.", None),
        ("Because " * 40, None),
        ("The answer is:\n", None),
        ("<answer> </answer> 5", None),
        ("<think>The answer is 5.", None),
        ("<think>Is the answer: 4?</think>\n5", "5"),
        ("The answer is 4.</think>\nSo it is:\nAnswer: 5", "5"),
        ("", None),
        (" \n", None),
        ("***", None),
    ],
)
def test_final_answer(text: str, answer: str | None) -> None:
    assert FinalAnswer().extract(text) == answer
    assert FinalAnswer().format_ok(text) is (answer is not None)


@pytest.mark.parametrize("answer", ["red", r"\frac{1}{2}", "(3, -4)", "5 cm", "B"])
def test_what_is_rendered_is_extracted(answer: str) -> None:
    assert FinalAnswer().extract(f"Because.\n{FinalAnswer().render(answer)}") == answer


PIECES = [
    *("<answer>", "</answer>", "<think>", "</think>", r"\boxed{", "}", "\n", " ", "**", "."),
    *("The answer is", "Answer:", " because ", "(B)", "5", "<<", ">>", ". T"),
]


@given(st.lists(st.sampled_from(PIECES) | st.text("ab1 é", max_size=3), max_size=14).map("".join))
def test_what_stands_there_is_what_is_read(text: str) -> None:
    span, found = FinalAnswer().locate(text), FinalAnswer().extract(text)
    assert (span is None) == (found is None)
    if span is not None:
        assert 0 <= span[0] < span[1] <= len(text)
        assert found == text[slice(*span)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "9" * 10_000_000,
        " " * 10_000_000 + "x",
        "answer" * 500_000,
        "answer " * 500_000,
        "answer is " * 300_000,
        "the correct option" + " " * 1_000_000,
        "answer:" + " " * 3_000_000,
        "answer: " + "a. " * 1_000_000,
        "answer: " + ", " * 1_000_000,
        "(A" * 500_000,
        "*" * 3_000_000,
        "answer: " + "<<" * 1_000_000,
        "<answer>" + "<" * 3_000_000,
        r"answer: \boxed{" * 100_000,
        "\n" * 3_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_huge_responses_cost_little(text: str) -> None:
    assert_linear(FinalAnswer().extract, text)
