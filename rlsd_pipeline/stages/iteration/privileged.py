"""What the teacher is asked beside each rollout: the student's question and what only it sees.

The images are the student's. The wording is the experiment's `prompts`; nothing here adds to it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.config.teacher import Privileged
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.stages.iteration.prompts import require_solution, student_text
from schemas import Problem, Verdict

_TAGS = re.compile(r"(?:\s*</?(?:think|answer)>\s*)+")


class Judged(NamedTuple):
    """A rollout with its verdict.

    Attributes:
        problem: What it answers.
        completion: Its text.
        verdict: Of the verifier, or None where what the teacher sees does not depend on it.
        extracted: The answer read from it.
    """

    problem: Problem
    completion: str
    verdict: Verdict | None = None
    extracted: str | None = None


def teacher_texts(
    experiment: ExperimentConfig, privileged: Privileged, rollouts: Sequence[Judged]
) -> list[FilledTemplate | None]:
    """The teacher's question for each rollout; None where there is nothing to show it.

    Raises:
        DataError: The teacher is to see a reference solution that the data set does not have.
    """
    match privileged:
        case "none":
            return [student_text(experiment, rollout.problem) for rollout in rollouts]
        case "answer" | "solution":
            return [_reference(experiment, privileged, rollout.problem) for rollout in rollouts]
        case "sibling":
            return _siblings(experiment, rollouts)
        case "feedback":
            return [_feedback(experiment, rollout) for rollout in rollouts]


def _reference(
    experiment: ExperimentConfig, privileged: Privileged, problem: Problem
) -> FilledTemplate:
    prompts = experiment.prompts
    fields = {"question": problem.question, "answer": problem.answer}
    if privileged == "answer":
        return prompts.fill(prompts.answer_reference, **fields)
    fields["solution"] = require_solution(problem, "`privileged: solution` shows it to the teacher")
    return prompts.fill(prompts.solution_reference, **fields)


def _siblings(
    experiment: ExperimentConfig, rollouts: Sequence[Judged]
) -> list[FilledTemplate | None]:
    """The first success of each group; that one itself is shown the second.

    So a group has two teacher prompts at most, and a rollout is never shown itself.
    """
    groups = Groups(rollout.problem.problem_id for rollout in rollouts)
    successes = [
        [row for row in rows if rollouts[row].verdict is Verdict.CORRECT] for rows in groups.members
    ]
    texts: list[FilledTemplate | None] = []
    for row, rollout in enumerate(rollouts):
        found = successes[groups.of_rows[row]]
        other = next((candidate for candidate in found[:2] if candidate != row), None)
        if other is None:
            texts.append(None)
            continue
        prompts, sibling = experiment.prompts, _demonstration(rollouts[other].completion)
        question = rollout.problem.question
        texts.append(prompts.fill(prompts.sibling_reference, question=question, sibling=sibling))
    return texts


def _demonstration(completion: str) -> str:
    """What follows the thinking, without tags; the whole response where no thinking ends.

    As SDPO's repository has it: the teacher is to see the attempt, and not how it was thought out.
    """
    return _TAGS.sub(" ", completion.rpartition("</think>")[2]).strip()


def _feedback(experiment: ExperimentConfig, rollout: Judged) -> FilledTemplate | None:
    said = f"the answer {rollout.extracted}"
    feedback = {
        Verdict.CORRECT: f"{said} is correct.",
        Verdict.INCORRECT: f"{said} is wrong.",
        Verdict.UNPARSED: "no answer could be read.",
        Verdict.TRUNCATED: "it was cut off before an answer.",
    }
    if rollout.verdict not in feedback:
        return None
    prompts, question = experiment.prompts, rollout.problem.question
    return prompts.fill(
        prompts.feedback_reference, question=question, feedback=feedback[rollout.verdict]
    )
