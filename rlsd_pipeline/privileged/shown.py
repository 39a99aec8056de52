"""Builds the teacher's prompt for each rollout.

The images are the student's unless the context gives others. The wording comes from the
experiment's `prompts` or from a user's own context; nothing is added to it.
"""

from collections.abc import Sequence

from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.errors import ComponentError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.privileged.context import JudgedRollout, PrivilegedContext
from schemas import Problem


def teacher_texts(
    prompts: PromptsConfig, privileged: PrivilegedContext, rollouts: Sequence[JudgedRollout]
) -> list[FilledTemplate | None]:
    """The teacher's question for each rollout; None where there is nothing to show it.

    Raises:
        DataError: The data set lacks what the teacher is to see.
        ComponentError: A context of a user's own failed.
    """
    groups = Groups(rollout.problem.problem_id for rollout in rollouts)
    texts: list[FilledTemplate | None] = [None] * len(rollouts)
    for problem_id, rows in zip(groups.problem_ids, groups.members, strict=True):
        with guarded(privileged, f"problem {problem_id}"):
            found = list(privileged.texts(prompts, [rollouts[row] for row in rows]))
        _require_texts(privileged, problem_id, found, len(rows))
        for row, text in zip(rows, found, strict=True):
            texts[row] = text
    return texts


def teacher_problem(privileged: PrivilegedContext, problem: Problem) -> Problem:
    """The problem with the images that the teacher sees; itself where they are the student's.

    Raises:
        DataError: The problem lacks what the teacher is to see.
        ComponentError: A context of a user's own failed.
    """
    with guarded(privileged, f"the images of problem {problem.problem_id}"):
        images = list(privileged.images(problem))
    return problem if images == problem.images else problem.model_copy(update={"images": images})


def _require_texts(
    privileged: PrivilegedContext, problem_id: str, found: Sequence[object], rollouts: int
) -> None:
    who = f"{privileged.component_kind} `{privileged.display_name}`, problem {problem_id}"
    if len(found) != rollouts:
        raise ComponentError(
            f"{who}: `texts` gave {len(found)} texts for {rollouts} rollouts: give one for each, "
            "None where there is nothing to show"
        )
    for text in found:
        if text is not None and not isinstance(text, FilledTemplate):
            raise ComponentError(
                f"{who}: `texts` gave {type(text).__name__}: fill a template with `prompts.fill`, "
                "which keeps apart what it says and what comes from the data"
            )
