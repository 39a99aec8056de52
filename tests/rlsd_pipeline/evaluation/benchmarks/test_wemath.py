from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from rlsd_pipeline.errors import DataError
from rlsd_pipeline.evaluation.benchmarks.wemath import OfficialRule, WeMath
from rlsd_pipeline.evaluation.scored import Scored
from rlsd_pipeline.evaluation.scoring import Prediction, settle
from schemas import Verdict
from tests.intervals import numbers

CORRECT, INCORRECT, UNPARSED = Verdict.CORRECT, Verdict.INCORRECT, Verdict.UNPARSED
_VERDICTS = {"1": CORRECT, "0": INCORRECT, "u": UNPARSED, "e": Verdict.VERIFIER_ERROR}


def row(**changes: Any) -> dict[str, Any]:
    return {
        "ID": "2steps_9",
        "split": "testmini",
        "knowledge concept": "Halves",
        "question": "What is half of the bar?",
        "option": "A. 3 cm; B. 30 mm, flat ;C. 4 cm;D.5 cm; E. No correct answer",
        "answer": "C",
        "image_path": None,
        "key": "2steps_1",
        "question number": 7,
        **changes,
    }


def robust(response: str, **changes: Any) -> Verdict:
    problem = WeMath().read(row(**changes))
    predictions = [Prediction(problem.problem_id, response)]
    return settle(WeMath(mode="robust"), {problem.problem_id: problem}, predictions)[0].verdict


def answered(groups: Mapping[str, Sequence[str]], concept: str = "Halves") -> list[Scored]:
    """Verdicts of each ID, one text a run: a sign for each step, then one for the whole."""
    scored = []
    for group, runs in groups.items():
        for run, signs in enumerate(runs):
            steps = len(signs) - 1
            keys = [f"{steps}steps_{part}" for part in (*range(1, steps + 1), "multi")]
            for key, sign in zip(keys, signs, strict=True):
                problem = WeMath().read(
                    row(ID=group, key=key, **{"knowledge concept": f"{concept} {key[-1]}"})
                )
                scored.append(Scored(problem, run, "", None, _VERDICTS[sign]))
    return scored


def test_reads_a_row() -> None:
    problem = WeMath().read(row())
    assert (problem.problem_id, problem.split, problem.answer) == ("7", "testmini", "C")
    assert problem.choices == ["A", "B", "C", "D", "E"]
    assert problem.attributes == {
        "cluster": "2steps_9",
        "key": "2steps_1",
        "concept": "Halves",
        "option": row()["option"],
    }


@pytest.mark.parametrize(
    ("option", "letters"),
    [
        ("A. 1; B. 2; C. 3", "ABC"),
        ("A、1；B．2；C.3；D. 4", "ABCD"),
        # A doubled letter, a gap, a missing separator, letters inside a text.
        ("A. turn it ;C.; C. slide it; D. fold it", "ABCD"),
        ("A. 1; C. 3; F. 6", "ABCDEF"),
        ("A. 1 B. 2; C. 3", "ABC"),
        ("A. as in B. or G. ; C. as in H", "ABC"),
        ("no letters at all", "ABC"),
    ],
)
def test_the_letters_of_mangled_options(option: str, letters: str) -> None:
    problem = WeMath().read(row(option=option))
    assert "".join(problem.choices) == letters
    assert f"\nOption: {option}\n" in WeMath().prompt(problem)


@pytest.mark.parametrize("changes", [{"key": "4steps_1"}, {"key": "2steps_3"}])
def test_refuses_other_keys(changes: dict[str, str]) -> None:
    with pytest.raises(DataError, match="known are 2steps_1, 2steps_2, 2steps_multi, 3steps_1"):
        WeMath().read(row(**changes))


@pytest.mark.parametrize("answer", ["", "J", "c", "AB"])
def test_refuses_other_answers(answer: str) -> None:
    with pytest.raises(DataError, match="question 7 has the answer"):
        WeMath().read(row(answer=answer))


def test_prompt() -> None:
    assert WeMath().prompt(WeMath().read(row(question="How {long}?", option="A. 1;B. {2}"))) == (
        "Now, we require you to solve a multiple-choice math question. Please briefly describe "
        "your thought process and provide the final answer(option).\n"
        "Question: How {long}?\n"
        "Option: A. 1;B. {2}\n"
        "Regarding the format, please answer following the template below, and be sure to "
        "include two <> symbols:\n"
        "<Thought process>: <<your thought process>> <Answer>: <<your option>>"
    )


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("<Thought process>: <<short>> <Answer>: <<C>>", "C"),
        ("Answer A. No: Answer : . C. 4 cm", "C"),
        ("C", "C"),
        ("Answer: Certainly not D", "C"),
        ("<Answer>: <<c>>", None),
        ("Answer: (C)", None),
        ("the answer is C", None),
        ("Answer: **C**", None),
        ("Answer: J", None),
        ("", None),
    ],
)
def test_official_letters(response: str, letter: str | None) -> None:
    assert OfficialRule().extract(response, WeMath().read(row())) == letter


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        ("<Thought process>: <<short>> <Answer>: <<C>>", CORRECT),
        ("<Thought process>: <<short>>\n<Answer>: <<C. 4 cm>>", CORRECT),
        ("<Answer>: C", CORRECT),
        ("<Answer>: <<c>>", CORRECT),
        ("Answer: (C)", CORRECT),
        ("the answer is C", CORRECT),
        ("Answer: **C**", CORRECT),
        ("<answer>C</answer>", CORRECT),
        (r"\boxed{C}", CORRECT),
        ("C", CORRECT),
        ("<Answer>: <<B>>", INCORRECT),
        ("<Answer>: <<H>>", UNPARSED),
        ("<Answer>: <<your option>>", UNPARSED),
        ("", UNPARSED),
    ],
)
def test_robust_letters(response: str, verdict: Verdict) -> None:
    assert robust(response) is verdict


def test_each_pattern_of_verdicts_has_its_name() -> None:
    groups = {
        "cm": ["111"],
        "ig": ["110"],
        "ik": ["100"],
        "ik of none": ["000"],
        "rm, loosely cm": ["101"],
        "rm": ["001"],
        "cm of three": ["1111"],
        "ig of three": ["1110"],
        "rm of three, loosely cm": ["0101"],
        "rm of three": ["0001"],
        "unparsed is wrong": ["1u1"],
    }
    summary = WeMath().summarise(answered(groups), 0.95)
    # Strict: 2 CM, 2 IG, 2 IK, 5 RM of 11; loosely 5 CM and 2 RM.
    shares = {label: part.score * 11 for label, part in summary.breakdown.items() if " " in label}
    assert {label: shares[label] for label in list(shares)[:5]} == pytest.approx(
        {"strict IK": 2, "strict IG": 2, "strict CM": 2, "strict RM": 5, "strict RM rate": 55 / 7}
    )
    assert {label: shares[label] for label in list(shares)[5:11]} == pytest.approx(
        {
            "loose score": 6,
            "loose IK": 2,
            "loose IG": 2,
            "loose CM": 5,
            "loose RM": 2,
            "loose RM rate": 22 / 7,
        }
    )
    assert summary.score.value == pytest.approx(3 / 11)
    assert dict(summary.question_scores) == {
        **dict.fromkeys(groups, 0.0),
        **{"cm": 1.0, "cm of three": 1.0, "ig": 0.5, "ig of three": 0.5},
    }
    assert summary.breakdown["strict RM rate"].n == 7
    assert summary.breakdown["strict IK"].n == 11


def test_accuracies() -> None:
    scored = answered({"a": ["101"], "b": ["110"]}) + answered({"c": ["0011"]}, "Thirds")
    breakdown = WeMath().summarise(scored, 0.95).breakdown
    found = {
        label: (part.n, part.score)
        for label, part in breakdown.items()
        if label.startswith(("S", "concept"))
    }
    assert found == {
        "S1": (7, pytest.approx(4 / 7)),
        "S2": (2, 0.5),
        "S3": (1, 1.0),
        "concept=Halves 1": (2, 1.0),
        "concept=Halves 2": (2, 0.5),
        "concept=Thirds 1": (1, 0.0),
        "concept=Thirds 2": (1, 0.0),
        "concept=Thirds 3": (1, 1.0),
    }


def test_runs_are_scored_one_by_one() -> None:
    # Averaged rows would call the first ID half known; by runs it is CM, then IK.
    summary = WeMath().summarise(answered({"a": ["111", "000"], "b": ["110", "101"]}), 0.95)
    assert dict(summary.question_scores) == {"a": 0.5, "b": 0.25}
    assert summary.score.value == pytest.approx(0.375)
    # RM / (CM + RM) is 0 / 1 in the first run and 1 / 1 in the second.
    assert summary.breakdown["strict RM rate"].score == pytest.approx(0.5)
    assert summary.breakdown["strict RM"].score == pytest.approx(0.25)


def test_incomplete_groups_are_left_out() -> None:
    scored = answered({"whole": ["110"], "failed": ["e11"], "short": ["111"], "also": ["1111"]})
    scored = [
        each
        for each in scored
        if (each.problem.attributes["cluster"], each.problem.attributes["key"])
        not in {("short", "2steps_2"), ("also", "3steps_multi")}
    ]
    summary = WeMath().summarise(scored, 0.95)
    assert dict(summary.question_scores) == {"whole": 0.5}
    assert numbers(summary.score) == (0.5, 0.0, 1.0)
    with pytest.raises(DataError, match="no ID has a verdict on each of its questions"):
        WeMath().summarise(scored[1:], 0.95)
    with pytest.raises(DataError, match="no ID has a verdict on each of its questions"):
        WeMath().summarise([], 0.95)


def test_a_run_that_is_missing_leaves_the_group_out() -> None:
    summary = WeMath().summarise(answered({"a": ["111", "111"], "b": ["000"]}), 0.95)
    assert dict(summary.question_scores) == {"a": 1.0}


def test_a_rate_of_nothing_is_zero() -> None:
    part = WeMath().summarise(answered({"a": ["110"], "b": ["000"]}), 0.95).breakdown
    rate = part["strict RM rate"]
    assert (rate.n, rate.score, rate.interval_low, rate.interval_high) == (0, 0.0, 0.0, 1.0)


def test_the_interval_is_a_bootstrap_over_ids() -> None:
    # 400 IDs, half of them CM: the standard error of a share is 0.5 / 20 = 0.025.
    groups = {str(place): ["111" if place % 2 else "000"] for place in range(400)}
    summary = WeMath().summarise(answered(groups), 0.95)
    assert summary.score.value == 0.5
    assert summary.score.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.004)
    assert summary.score.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.004)
    # The steps of an ID go together: S1 is no more certain for its 800 questions.
    single = summary.breakdown["S1"]
    assert single.interval_low == pytest.approx(summary.score.low)
    assert WeMath().summarise(answered(groups), 0.95) == summary
    assert WeMath().summarise(answered(groups), 0.5).score.low > summary.score.low


def test_ids_that_agree_leave_room_for_doubt() -> None:
    for answers, value, low, high in (("000", 0.0, 0.0, 0.2775), ("111", 1.0, 0.7225, 1.0)):
        found = WeMath().summarise(answered({str(i): [answers] for i in range(10)}), 0.95).score
        # Wilson's: z^2 / (n + z^2) for none of ten.
        assert numbers(found) == pytest.approx((value, low, high), abs=1e-4)


def test_the_score_is_the_mean_of_the_contributions() -> None:
    chance = np.random.default_rng(3)
    groups = {
        str(place): ["".join(chance.choice(["0", "1"], 3 + place % 2)) for _ in range(3)]
        for place in range(40)
    }
    summary = WeMath().summarise(answered(groups), 0.95)
    assert summary.score.value == pytest.approx(np.mean(list(summary.question_scores.values())))
    part = summary.breakdown
    for name in ("strict", "loose"):
        assert sum(part[f"{name} {each}"].score for each in ("IK", "IG", "CM", "RM")) == (
            pytest.approx(1)
        )
