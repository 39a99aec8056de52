"""What the teacher is shown beside each rollout."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.privileged import CONTEXTS
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.privileged.shown import teacher_texts
from rlsd_pipeline.stages.iteration.prompts import reference_response, student_text
from schemas import Problem, Verdict

EXPERIMENT = ExperimentConfig.model_validate(
    {
        "prompts": {
            "student": "Q: {question}",
            "answer_reference": "Q: {question} A: {answer}",
            "solution_reference": "Q: {question} S: {solution}",
            "sibling_reference": "Q: {question} O: {sibling}",
            "feedback_reference": "Q: {question} F: {feedback}",
            "reference_response": "<think>{solution}</think><answer>{answer}</answer>",
        },
        "arms": [{"weighting": {"type": "grpo"}}],
    }
)
RIGHT, WRONG = Verdict.CORRECT, Verdict.INCORRECT


KINDS = {context().type: context() for context in CONTEXTS}


def shown_texts(kind: str, rollouts: list[JudgedRollout]) -> list[str | None]:
    return [*teacher_texts(EXPERIMENT.prompts, KINDS[kind], rollouts)]


def problem(name: str, **changes: str | None) -> Problem:
    fields = {"problem_id": name, "question": f"{name}?", "answer": "no", "solution": "because"}
    return Problem.model_validate({**Problem.example, **fields, **changes})


def group(name: str, *rollouts: tuple[str, Verdict]) -> list[JudgedRollout]:
    return [JudgedRollout(problem(name), text, verdict, "no") for text, verdict in rollouts]


def test_nothing_is_the_students_own_question() -> None:
    rollouts = group("a", ("x", RIGHT), ("y", WRONG))
    assert shown_texts("none", rollouts) == ["Q: a?", "Q: a?"]
    assert student_text(EXPERIMENT, problem("a")) == "Q: a?"


@pytest.mark.parametrize(
    ("privileged", "expected"), [("answer", "Q: a? A: no"), ("solution", "Q: a? S: because")]
)
def test_a_reference_is_the_same_for_the_whole_group(
    privileged: Literal["answer", "solution"], expected: str
) -> None:
    """Whatever the verdicts are, known or not."""
    rollouts = [*group("a", ("x", RIGHT), ("y", WRONG)), JudgedRollout(problem("a"), "z")]
    assert shown_texts(privileged, rollouts) == [expected] * 3


def test_text_of_the_problem_is_no_template() -> None:
    odd = JudgedRollout(problem("a", question="what is {answer}?", answer="{question}"), "x")
    assert shown_texts("answer", [odd]) == ["Q: what is {answer}? A: {question}"]


def test_a_missing_solution_names_the_problem() -> None:
    bare = problem("p17", solution=None)
    with pytest.raises(DataError) as error:
        shown_texts("solution", [JudgedRollout(bare, "x")])
    assert str(error.value) == (
        "problem p17 has no reference solution, and `privileged: solution` shows it to the "
        "teacher: add `solution` to the data, or declare another method or `privileged: answer`"
    )
    assert shown_texts("answer", [JudgedRollout(bare, "x")]) == ["Q: p17? A: no"]
    with pytest.raises(DataError, match=r"problem p17 has no reference solution, and SFT learns"):
        reference_response(EXPERIMENT, bare)


def test_the_response_that_sft_learns() -> None:
    expected = "<think>because</think><answer>no</answer>"
    assert reference_response(EXPERIMENT, problem("a")) == expected


def test_the_first_success_is_shown_and_itself_sees_the_second() -> None:
    rollouts = [
        *group("a", ("w", WRONG), ("c1", RIGHT), ("c2", RIGHT), ("c3", RIGHT)),
        *group("b", ("w1", WRONG), ("w2", WRONG)),
        *group("c", ("only", RIGHT), ("w3", WRONG)),
    ]
    assert shown_texts("sibling", rollouts) == [
        *("Q: a? O: c1", "Q: a? O: c2", "Q: a? O: c1", "Q: a? O: c1"),
        *(None, None),
        *(None, "Q: c? O: only"),
    ]


def test_a_sibling_is_shown_without_its_thinking_and_tags() -> None:
    text = "<think>\na red circle\n</think>\nSo: <answer> yes </answer>"
    rollouts = group("a", (text, RIGHT), ("w", WRONG))
    (shown,) = shown_texts("sibling", rollouts)[1:]
    assert shown is not None
    assert " ".join(shown.split()) == "Q: a? O: So: yes"
    # The template may have opened the thinking, and what never ends is no thinking.
    for attempt, demonstration in (
        ("red</think> yes", "yes"),
        ("<think>so yes", "so yes"),
    ):
        shown = shown_texts("sibling", group("a", (attempt, RIGHT), ("w", WRONG)))[1]
        assert shown == f"Q: a? O: {demonstration}"
    braces = group("a", ("{question} {sibling}", RIGHT), ("w", WRONG))
    assert shown_texts("sibling", braces)[1] == "Q: a? O: {question} {sibling}"


ROLLOUTS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Verdict))), max_size=12)


@given(ROLLOUTS)
def test_a_sibling_is_another_success_of_the_same_group(
    rollouts: list[tuple[str, Verdict]],
) -> None:
    judged = [
        JudgedRollout(problem(name), f"response {row}", verdict)
        for row, (name, verdict) in enumerate(rollouts)
    ]
    texts = shown_texts("sibling", judged)
    shown: dict[str, set[str]] = {}
    for row, ((name, _), text) in enumerate(zip(rollouts, texts, strict=True)):
        others = {
            f"Q: {name}? O: response {other}"
            for other, (owner, verdict) in enumerate(rollouts)
            if other != row and owner == name and verdict is RIGHT
        }
        assert (text is None) == (not others)
        if text is not None:
            assert text in others
            shown.setdefault(name, set()).add(text)
    assert all(len(prompts) <= 2 for prompts in shown.values())


@pytest.mark.parametrize(
    ("verdict", "extracted", "expected"),
    [
        (Verdict.CORRECT, "no", "Q: a? F: the answer no is correct."),
        (Verdict.INCORRECT, "yes", "Q: a? F: the answer yes is wrong."),
        (Verdict.UNPARSED, None, "Q: a? F: no answer could be read."),
        (Verdict.TRUNCATED, None, "Q: a? F: it was cut off before an answer."),
        # Nothing is known, and nothing is said.
        (Verdict.VERIFIER_ERROR, None, None),
    ],
)
def test_feedback_is_the_verdict_on_this_response(
    verdict: Verdict, extracted: str | None, expected: str | None
) -> None:
    rollouts = [JudgedRollout(problem("a"), "x", verdict, extracted)]
    assert shown_texts("feedback", rollouts) == [expected]


def test_every_verdict_has_its_feedback() -> None:
    silent = [
        verdict
        for verdict in Verdict
        if shown_texts("feedback", [JudgedRollout(problem("a"), "x", verdict, "y")]) == [None]
    ]
    assert silent == [Verdict.UNVERIFIED, Verdict.NO_REWARD, Verdict.VERIFIER_ERROR]
