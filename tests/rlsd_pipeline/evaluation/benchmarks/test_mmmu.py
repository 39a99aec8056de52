import random
from typing import Any

import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmarks.mmmu import DISCIPLINES, MMMU
from rlsd_pipeline.evaluation.benchmarks.mmmu_official import (
    OfficialProRule,
    OfficialRule,
    accepted_answers,
    literal_strings,
)
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from schemas import Problem, Verdict
from tests.cost import assert_linear

CORRECT, INCORRECT, UNPARSED = Verdict.CORRECT, Verdict.INCORRECT, Verdict.UNPARSED


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "validation_Art_Theory_7",
        "question": "Which line of <image 2> repeats <image 1>, and which <image 1> <image 2>?",
        "options": "['the upper', \"the painter's\", '<image 3>', 'none']",
        "answer": "B",
        "question_type": "multiple-choice",
        "subfield": "Theory",
        "img_type": "['Paintings', 'Sketches']",
        "topic_difficulty": "Easy",
        **changes,
    }


def choice(answer: str = "B", *options: str) -> Problem:
    return MMMU().read(row(answer=answer, options=str(list(options or ("red", "green", "blue")))))


def question(answer: str) -> Problem:
    return MMMU().read(row(answer=answer, options="[]", question_type="open"))


def official(problem: Problem, response: str) -> Verdict:
    rule = OfficialRule()
    answer = rule.extract(response, problem)
    return UNPARSED if answer is None else rule.compare(answer, problem)[0]


def robust(problem: Problem, response: str) -> Verdict:
    predictions = [Prediction(problem.problem_id, response)]
    return settle(MMMU(mode="robust"), {problem.problem_id: problem}, predictions)[0].verdict


def test_reads_a_row() -> None:
    problem = MMMU().read(row())
    assert (problem.problem_id, problem.split) == ("validation_Art_Theory_7", "validation")
    assert problem.question == row()["question"]
    assert problem.choices == ["the upper", "the painter's", "<image 3>", "none"]
    assert problem.answer == "B"
    assert problem.attributes == {
        "subject": "Art_Theory",
        "discipline": "Art and Design",
        "question_type": "multiple-choice",
        "subfield": "Theory",
        "image_type": "Paintings, Sketches",
        "difficulty": "Easy",
    }


def test_a_short_answer_is_an_open_question() -> None:
    short = MMMU().read(row(options="[]", answer="0.3", question_type="short-answer"))
    assert short.attributes["question_type"] == "open"
    assert short.choices == []


def test_the_benchmark() -> None:
    assert len(MMMU().configs) == 30
    assert MMMU().splits["validation"].rows == 30 * len(MMMU().configs)
    assert list(map(len, DISCIPLINES.values())) == [4, 5, 5, 5, 4, 7]
    assert MMMU().images == tuple(f"image_{place}" for place in (1, 2, 3, 4, 5, 6, 7))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"id": "validation_Alchemy_3"}, "one of the 30 subjects"),
        ({"id": "7"}, "one of the 30 subjects"),
        ({"options": "__import__('os')"}, "must be a Python list of strings"),
        ({"options": "[1, 2]"}, "must be a Python list of strings"),
        ({"options": "['open', "}, "must be a Python list of strings"),
        ({"options": "[" * 5000}, "must be a Python list of strings"),
        ({"options": "[]"}, "has 0 options"),
        ({"question_type": "open"}, "has 4 options"),
        ({"question_type": "essay"}, "of the type 'essay'"),
        ({"answer": "E"}, "none of the options A to D"),
        ({"answer": "?"}, "comes without answers"),
    ],
)
def test_refuses_other_rows(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        MMMU().read(row(**changes))


def test_gold_answers_that_are_lists() -> None:
    assert accepted_answers("['$KBr$', 'KBr']") == ["$KBr$", "KBr"]
    assert accepted_answers("[0, 1]") == ["[0, 1]"]
    assert accepted_answers("[a, b)") == ["[a, b)"]
    assert accepted_answers("[]") == ["[]"]
    assert accepted_answers("12") == ["12"]
    assert question(["7/2", "3.5"]).answer == "['7/2', '3.5']"  # type: ignore[arg-type]


def test_literals_are_never_evaluated() -> None:
    assert literal_strings("[str(1)]") is None
    assert literal_strings("['a' 'b']") == ["ab"]
    assert literal_strings("['" + "a" * 30_000 + "']") is None


def test_prompt_of_a_choice() -> None:
    assert MMMU().prompt(choice("B", "red", "<image 2>")) == (
        "Which line of <image 2> repeats <image 1>, and which <image 1> <image 2>?\n\n"
        "(A) red\n(B) <image 2>\n\n\n"
        "Answer with the option's letter from the given choices directly."
    )


def test_prompt_of_an_open_question() -> None:
    assert (
        MMMU()
        .prompt(question("3"))
        .endswith("<image 2>?\n\nAnswer the question using a single word or phrase.")
    )


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("B", "B"),
        ("B.", "B"),
        ("'B!'", None),
        ("'B?!", "B"),
        ("Not (A), it is (C).", "C"),
        ("(C) rather than B or A", "C"),
        ("between A and B I take A ", "A"),
        ("I take A, so B it is", "B"),
        ("answer:B", None),
        ("b", None),
        ("the green", None),
        ("I would say that it is Green", "B"),
        ("green is not it, but BLUE certainly is", "C"),
        ("", None),
    ],
)
def test_official_letters(response: str, letter: str | None) -> None:
    assert OfficialRule().extract(response, choice()) == letter


def test_of_options_that_end_alike_the_official_rule_takes_the_first() -> None:
    # "old" is last seen at 22 and "cold" at 21.
    problem = choice("A", "old", "cold")
    assert OfficialRule().extract("I am sure that it is cold", problem) == "A"
    twice = choice("A", "cold", "cold")
    assert OfficialRule().extract("I am sure that it is cold", twice) == "A"


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("First A or (B).\nAnswer: C", "C"),
        ("Answer: A\nAnswer: (B) green", "B"),
        # Two letters after the marker: the brackets decide, then the last that stands alone.
        ("Answer: A or (B)", "B"),
        ("Answer: A or B ok", "B"),
        # "A." and "B." end a word but do not stand alone, so the first is taken.
        ("xB. then yA. z", "A"),
        ("no letter", None),
    ],
)
def test_official_letters_of_mmmu_pro(response: str, letter: str | None) -> None:
    assert OfficialProRule().extract(response, choice()) == letter


@pytest.mark.parametrize(
    ("gold", "response", "verdict"),
    [
        ("0.25", "0.2449", INCORRECT),
        ("0.25", "0.2449 or 0.2504", CORRECT),
        ("1200", "The total is $1,200.", CORRECT),
        ("1200", "1.2e3", CORRECT),
        ("-30", "x = -30", CORRECT),
        # The cue "=" counts in the last line only; without any cue the whole is searched.
        ("-30", "x = -30\nso it is nothing", INCORRECT),
        ("-30", "x = -30\nnothing", CORRECT),
        ("5", "the answer is 5\nthe result is 6", CORRECT),
        ("larva", "It could be the Larval stage", CORRECT),
        ("larva", "larva is the stage", INCORRECT),
        ("K", "so K", CORRECT),
        ("K", "Okay", INCORRECT),
        ("K", "point k it is: x", CORRECT),
        ("K", "point k is at x", INCORRECT),
        ("['Oslo', 'Norway']", "This is Norway.", CORRECT),
        ("['7/2', '3.5']", "3.50", CORRECT),
        ("6", "1.6", INCORRECT),
        ("6", "1,6", CORRECT),
        ("6", "6e2", INCORRECT),
    ],
)
def test_official_open_answers(gold: str, response: str, verdict: Verdict) -> None:
    assert official(question(gold), response) is verdict


def test_a_given_answer_to_an_open_question_is_read_like_a_response() -> None:
    problem = question("1200")
    given = Prediction(problem.problem_id, extraction="The total is 1,200")
    (scored,) = settle(MMMU(mode="official"), {problem.problem_id: problem}, [given])
    assert scored.verdict is CORRECT


def test_only_choices_are_guessed_with_the_official_seed() -> None:
    rows = {"a": choice(), "b": question("3"), "c": choice("A", *"pqrstuvw"), "d": choice("C")}
    problems = {key: row.model_copy(update={"problem_id": key}) for key, row in rows.items()}
    predictions = [Prediction(each, "") for each in problems] + [Prediction("d", "C", None, 1)]
    scored = settle(MMMU(mode="official"), problems, predictions)
    random.seed(42)
    drawn = [random.choice(letters) for letters in ("ABC", "ABCDEFGH", "ABC")]
    assert [each.extracted for each in scored] == [drawn[0], None, drawn[1], drawn[2], "C"]
    assert [each.guessed for each in scored] == [True, False, True, True, False]
    assert scored[1].verdict is UNPARSED
    turned = settle(MMMU(mode="official"), problems, predictions[::-1])
    assert turned == scored[::-1], "chance goes by the rows, in whatever order the answers come"
    assert not any(each.guessed for each in settle(MMMU(mode="robust"), problems, predictions))


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        ("<answer>B</answer>", CORRECT),
        (r"\boxed{\text{B}}", CORRECT),
        ("Answer: (B) green", CORRECT),
        ("<answer>green</answer>", CORRECT),
        ("<answer>C</answer>", INCORRECT),
        ("<answer>violet</answer>", UNPARSED),
        ("", UNPARSED),
    ],
)
def test_robust_choices(response: str, verdict: Verdict) -> None:
    assert robust(choice(), response) is verdict


def test_a_letter_is_an_option_and_not_the_text_of_another() -> None:
    problem = choice("A", "C", "A", "B")
    assert robust(problem, "<answer>A</answer>") is CORRECT
    assert robust(problem, "<answer>(B)</answer>") is INCORRECT


def test_letters_of_options_that_differ_in_a_mark() -> None:
    assert robust(choice("C", "s", "s+", "s*"), "<answer>A</answer>") is INCORRECT
    assert robust(choice("C", "1/s", "s+", "1/s"), "<answer>A</answer>") is CORRECT


@pytest.mark.parametrize(
    ("gold", "response", "verdict"),
    [
        ("['7/2', '3.5']", "7/2", CORRECT),
        ("['7/2', '3.5']", r"\frac{7}{2}", CORRECT),
        ("['7/2', '3.5']", "3.6", INCORRECT),
        ("['Oslo', 'Norway']", "norway", CORRECT),
        ("['Oslo', 'Norway']", "Sweden", INCORRECT),
        ("['$KBr$', 'KBr']", "KBr", CORRECT),
        ("2.83", "2.828", CORRECT),
        ("2.83", "2.82", INCORRECT),
        ("K", "K", CORRECT),
        ("cis-2-Bromo-but-2-ene", "cis-2-bromo-but-2-ene", CORRECT),
        ("cis-2-Bromo-but-2-ene", "cis", INCORRECT),
    ],
)
def test_robust_open_answers(gold: str, response: str, verdict: Verdict) -> None:
    assert robust(question(gold), f"<answer>{response}</answer>") is verdict


@pytest.mark.parametrize(
    "response",
    ["1" * 99_999, "1" * 99_998 + "a", "1." * 49_999, "-1,234" * 16_000, "1e" * 49_999],
)
@pytest.mark.parametrize("rule", [OfficialRule(), OfficialProRule()])
def test_monstrous_responses_take_a_moment(response: str, rule: OfficialRule) -> None:
    def reject(given: str) -> None:
        for problem in (question("7"), choice()):
            answer = rule.extract(given, problem)
            assert answer is None or rule.compare(answer, problem)[0] is INCORRECT

    assert_linear(reject, response)


def test_breakdown() -> None:
    problems = {
        each: MMMU().read(row(id=each))
        for each in ("validation_Math_1", "validation_Math_2", "validation_Music_1")
    }
    predictions = [Prediction(each, "Answer: B") for each in problems]
    predictions[1] = predictions[1]._replace(response="Answer: C")
    summary = MMMU().summarise(settle(MMMU(mode="robust"), problems, predictions), 0.95)
    assert summary.score.value == pytest.approx(2 / 3)
    found = {label: (part.n, part.score) for label, part in summary.breakdown.items()}
    assert found == {
        "subject=Math": (2, 0.5),
        "subject=Music": (1, 1.0),
        "discipline=Art and Design": (1, 1.0),
        "discipline=Science": (2, 0.5),
        "question_type=multiple-choice": (3, pytest.approx(2 / 3)),
    }
