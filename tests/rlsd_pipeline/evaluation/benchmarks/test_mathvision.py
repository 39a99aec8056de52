import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmarks.mathvision import (
    MathVision,
    MathVisionRobust,
    readable_gold,
)
from rlsd_pipeline.evaluation.benchmarks.mathvision_official import MathVisionRule, is_equal
from rlsd_pipeline.evaluation.benchmarks.mathvision_value import rounded_value
from rlsd_pipeline.evaluation.scored import Mode, Scored
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from schemas import Problem, Verdict
from tests.cost import assert_linear

CORRECT, INCORRECT = Verdict.CORRECT, Verdict.INCORRECT


def row(answer: str, options: list[str] | None = None, **values: object) -> dict[str, object]:
    return {
        "id": "7",
        "question": "How long is the red side?\n<image1>",
        "options": options or [],
        "answer": answer,
        "solution": None,
        "level": 2,
        "subject": "metric geometry - length",
        "image": "images/7.jpg",
        **values,
    }


LENGTHS = ["$1$", r"$\sqrt{2}$", "$3$", r"$2\pi$", "$30^{\\circ}$"]


def test_read() -> None:
    assert MathVision().read(row("B", LENGTHS)) == Problem(
        problem_id="7",
        split="test",
        question="How long is the red side?\n<image1>",
        images=[],
        answer="B",
        solution=None,
        choices=LENGTHS,
        attributes={
            "level": "2",
            "subject": "metric geometry - length",
            "subject and level": "metric geometry - length, level 2",
        },
    )


@pytest.mark.parametrize("answer", ["F", "b", "1", ""])
def test_gold_answer_that_is_no_option_is_refused(answer: str) -> None:
    with pytest.raises(DataError, match="question 7 has 5 options and the gold answer"):
        MathVision().read(row(answer, LENGTHS))


def test_prompt_lists_the_options() -> None:
    assert MathVision().prompt(MathVision().read(row("B", ["1", "2", "3", "4", "5"]))) == (
        "Please solve the problem step by step and put your answer in one "
        '"\\boxed{}". If it is a multiple choice question, only one letter is allowed in the '
        '"\\boxed{}".\nHow long is the red side?\n<image1>\n'
        "(A) 1\n(B) 2\n(C) 3\n(D) 4\n(E) 5\n"
    )


@pytest.mark.parametrize("options", [[], ["A", "B", "C", "D", "E"]])
def test_prompt_without_options_in_words(options: list[str]) -> None:
    assert (
        MathVision().prompt(MathVision().read(row("B", options))).endswith("red side?\n<image1>\n")
    )


@pytest.mark.parametrize(
    ("response", "extracted"),
    [
        (r"So it is \boxed{B}.", "b"),
        (r"First \boxed{3}, then \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        ("It must be (C).", "c"),
        ("A\nsince it is red", "a"),
        ("The sum is 12.", "12"),
        ("The answer is 5. I am sure.", "5"),
        ("The final answer is 5\nwhich is odd", "5"),
        (r"\boxed{x = 3 \text{ cm}}", "3{cm}"),
        (r"\boxed{30^{\circ}}", "30"),
        (r"\boxed{\dfrac{3}{4}}", r"\frac{3}{4}"),
        (r"\boxed{1/2}", r"\frac{1}{2}"),
        (r"\boxed{0.5}", r"\frac{1}{2}"),
        (r"\boxed{.25}", "0.25"),
        (r"\boxed{\sqrt3}", r"\sqrt{3}"),
        (r"\boxed{\frac{\sqrt2}2}", r"\frac{\sqrt{2}}2"),
        (r"\boxed{\frac12\sqrt{3}}", r"\frac{1}{2}\sqrt{3}"),
        (r"\boxed{(B)}", "b"),
        (r"\boxed{50\%}", "50"),
        (r"\boxed{12 km}", "12"),
        ("No idea.", "noidea"),
        ("", None),
        ("...", "0"),
        (r"\boxed{}", r"\boxed"),
    ],
)
def test_official_extraction(response: str, extracted: str | None) -> None:
    assert MathVisionRule().extract(response, MathVision().read(row("5"))) == extracted


@pytest.mark.parametrize(
    ("latex", "value"),
    [
        ("60", 60),
        ("1,000", 1000),
        ("-2.675", -2.67),
        (r"\frac{1}{3}", 0.33),
        (r"\dfrac{1}{3}", 0.33),
        (r"8 \sqrt{3}", 13.86),
        (r"\sqrt[3]{27}", 3),
        (r"24+4\pi", 36.57),
        (r"1/2\pi", 0.16),
        (r"-3^2", -9),
        ("2^{10}", 1024),
        ("4!", 24),
        (r"2(\sqrt{2}-1)", 0.83),
        ("1:2", 0.5),
        (r"50\%", 0.5),
        (r"\frac{3^{1008}-1}{3^{1009}}", 0.33),
        (r"5}. so it is", 5),
        (r"2\sqrt{3}}.so,theansweris", 3.46),
        ("2 triangles", 2),
        (r"625 \rightarrow 626", 625),
        ("x = 12", 12),
        ("\\pi e^2", 23.21),
        (r"2\sin(1)/4", 0.42),
        (r"\left[5\right]", 5),
        ("5so", None),
        ("5^", None),
        ("e", None),
        (r"\ln 2", None),
        ("5?", None),
        ("b", None),
        ("x^2", None),
        ("1,2", None),
        ("3=3", None),
        (r"30^{\circ}", None),
        (r"8\mathrm{kg}", None),
        (r"\boxed{3}", None),
        (r"\frac12", None),
        (r"2\frac{1}", None),
        ("(1+2", None),
        ("1/0", None),
        ("2π", None),
        ("", None),
        ("9^{9^{9^9}}", None),
        ("(10^8)!", None),
        ("(-8)^{0.5}", None),
        ("__import__('os')", None),
        # The authors' grammar knows the digits and blanks of ASCII alone.
        ("1\u00a05", None),
        ("1\u20095", None),
        ("1\x0b5", None),
        ("1\t5", 5),
        ("\uff15", None),
        ("\u0665", None),
        ("a  =5", 5),
    ],
)
def test_rounded_value(latex: str, value: float | None) -> None:
    assert rounded_value(latex) == value


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("60", "60.0", True),
        ("2.83", r"2\sqrt{2}", True),
        ("2.83", "2.82", False),
        ("11 ", "11", True),
        ("(3,-4)", "(3.0,-4)", False),
        ("(3,-4)", r"(\frac{6}{2},-4)", False),
        ("(0.5,2)", r"(\frac{1}{2},2)", True),
        ("[1,\\infty)", "[1,\\infty)", True),
        ("(1,2)", "(2,1)", False),
        ("a", " ", False),
    ],
)
def test_official_equality(gold: str, answer: str, equal: bool) -> None:
    assert is_equal(gold, answer) is equal


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("b", CORRECT), (r"\sqrt{2}", CORRECT), ("1.414", CORRECT), ("a", INCORRECT)],
)
def test_official_choice_by_letter_or_value(answer: str, verdict: Verdict) -> None:
    assert MathVisionRule().compare(answer, MathVision().read(row("B", LENGTHS))) == (verdict, None)


UNREACHABLE = {
    r"$\frac{50}{7}^{\circ}$": r"\frac{50}{7}",
    r"$\boxed{\frac{5}{6}}$": r"\frac{5}{6}",
    "\x0crac{7}{9}": r"\frac{7}{9}",
    "43{degrees}": "43",
    r"5\sqrt{2}{squareinches}": r"5\sqrt{2}",
    r"\frac{1}{7}\pi{inches}": r"\frac{\pi}{7}",
}


@pytest.fixture(scope="module")
def robust() -> MathVisionRobust:
    return MathVisionRobust()


@pytest.mark.parametrize("gold", UNREACHABLE)
def test_garbled_golds_are_readable_in_the_robust_mode_only(
    robust: MathVisionRobust, gold: str
) -> None:
    problem = MathVision().read(row(gold))
    assert problem.answer == gold
    assert robust.compare(UNREACHABLE[gold], problem) == (CORRECT, None)
    assert robust.compare("2", problem) == (INCORRECT, None)


@pytest.mark.parametrize("gold", [g for g in UNREACHABLE if g.startswith(("$", "\x0c"))])
def test_garbled_golds_stay_unreachable_officially(gold: str) -> None:
    assert MathVisionRule().compare(UNREACHABLE[gold], MathVision().read(row(gold)))[0] is INCORRECT


@pytest.mark.parametrize("gold", ["5", "C", "1:2", "(3,-4)", r"\frac{1}{2}", r"2\pi", "45^2"])
def test_sound_golds_are_left_alone(gold: str) -> None:
    assert readable_gold(gold) == gold


@pytest.mark.parametrize(
    ("response", "gold", "options", "verdict"),
    [
        (r"so \boxed{B}", "B", LENGTHS, CORRECT),
        (r"so \boxed{\sqrt{2}}", "B", LENGTHS, CORRECT),
        (r"so \boxed{C}", "B", LENGTHS, INCORRECT),
        (r"so \boxed{7}", "B", LENGTHS, Verdict.UNPARSED),
        (r"so \boxed{C}", "C", ["A", "B", "C", "D", "E"], CORRECT),
        (r"so \boxed{8\mathrm{~kg}}", "8", [], CORRECT),
        (r"so \boxed{2.828}", "2.83", [], CORRECT),
        (r"so \boxed{1:2}", "1:2", [], CORRECT),
        ("I cannot see\nany picture", "8", [], Verdict.UNPARSED),
    ],
)
def test_robust(
    robust: MathVisionRobust, response: str, gold: str, options: list[str], verdict: Verdict
) -> None:
    problem = MathVision().read(row(gold, options))
    answer = robust.extract(response, problem)
    found = Verdict.UNPARSED if answer is None else robust.compare(answer, problem)[0]
    assert found is verdict


def test_breakdown_by_level_and_subject() -> None:
    problems = {
        "1": MathVision().read(row("5", id="1", level=1, subject="algebra")),
        "2": MathVision().read(row("5", id="2", level=2, subject="algebra")),
        "3": MathVision().read(row("5", id="3", level=2, subject="logic")),
    }
    predictions = [Prediction("1", r"\boxed{5}"), Prediction("2", "6"), Prediction("3", "5")]
    scored: list[Scored] = settle(MathVision(mode="official"), problems, predictions)
    summary = MathVision().summarise(scored, 0.95)
    assert summary.score.value == pytest.approx(2 / 3)
    assert {label: (part.n, part.score) for label, part in summary.breakdown.items()} == {
        "level=1": (1, 1.0),
        "level=2": (2, 0.5),
        "subject=algebra": (2, 0.5),
        "subject=logic": (1, 1.0),
        "subject and level=algebra, level 1": (1, 1.0),
        "subject and level=algebra, level 2": (1, 0.0),
        "subject and level=logic, level 2": (1, 1.0),
    }


@pytest.mark.parametrize(
    "text",
    [
        "9" * 100_000,
        "9 " * 50_000,
        "(" * 100_000,
        "1+" * 50_000,
        "-" * 100_000,
        "1!" * 50_000,
        r"\frac{" * 16_000,
        "oxed{" * 20_000,
        "the answer is " * 7_000,
        "(" + "1," * 49_000 + "1)",
        "2^" * 50_000,
    ],
    ids=lambda text: text[:8],
)
def test_long_answers_cost_little(text: str) -> None:
    rule = MathVisionRule()
    problem = MathVision().read(row("5"))

    def settle_both(given: str) -> None:
        rule.compare(given, problem)
        rule.compare(rule.extract(given, problem) or "", problem)

    assert_linear(settle_both, text)


@pytest.mark.parametrize("mode", ["official", "robust"])
def test_a_garbled_gold_keeps_its_responses_in_the_mean(mode: Mode) -> None:
    problems = {"7": MathVision().read(row(r"\frac{1}{"))}
    scored = settle(MathVision(mode=mode), problems, [Prediction("7", r"\boxed{5}")])
    assert [each.verdict for each in scored] in ([Verdict.UNPARSED], [INCORRECT])
    assert MathVision().summarise(scored, 0.95).score.value == 0.0


def test_one_of_four_responses_is_right_in_another_form() -> None:
    responses = {
        "3": ("3.0", "4", "5", "6"),
        "1 1/2": ("1.5", "2", "1/2", "11/2"),
        r"0.\overline{3}": (r"\frac{1}{3}", "0.3", "1/2", "3"),
        r"\log_2 3": (r"\frac{\ln 3}{\ln 2}", "2", "3", "1.5"),
    }
    problems = {gold: MathVision().read(row(gold, id=gold)) for gold in responses}
    said = [
        Prediction(gold, rf"\boxed{{{answer}}}", sample_index=index)
        for gold, answers in responses.items()
        for index, answer in enumerate(answers)
    ]
    scored = settle(MathVision(mode="robust"), problems, said)
    assert [each.verdict for each in scored] == [CORRECT, INCORRECT, INCORRECT, INCORRECT] * 4
    assert MathVision().summarise(scored, 0.95).score.value == 0.25


def test_fractions_agree_in_full_and_decimals_to_two_places(robust: MathVisionRobust) -> None:
    problem = MathVision().read(row(r"\frac{121}{180}"))
    assert robust.compare("2/3", problem)[0] is INCORRECT
    assert robust.compare("0.67", problem)[0] is CORRECT
    assert robust.compare("242/360", problem)[0] is CORRECT
    assert robust.compare("299/300", MathVision().read(row("1")))[0] is INCORRECT


def test_sides_that_cannot_be_compared_are_no_error(robust: MathVisionRobust) -> None:
    verdict, _ = robust.compare(r"\frac{AB}{AD} = 2.5", MathVision().read(row("10")))
    assert verdict in (INCORRECT, Verdict.UNPARSED)
