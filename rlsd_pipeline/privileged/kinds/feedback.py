"""The privileged context `feedback`: the verifier's verdict on the scored response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.privileged.context import JudgedRollout, PrivilegedContext
from schemas import Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.prompts import PromptsConfig


class Feedback(PrivilegedContext):
    """The verdict on the response, in the template `prompts.feedback_reference`."""

    type: Literal["feedback"] = "feedback"

    reads_rewards = True

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate | None]:
        """Each response its own; none where the verifier failed."""
        return [
            None
            if (said := _feedback(rollout)) is None
            else prompts.fill(
                self.template_of(prompts), question=rollout.problem.question, feedback=said
            )
            for rollout in rollouts
        ]

    def template_of(self, prompts: PromptsConfig) -> str:
        """The template `feedback_reference`."""
        return prompts.feedback_reference


def _feedback(rollout: JudgedRollout) -> str | None:
    said = f"the answer {rollout.extracted}"
    feedback = {
        Verdict.CORRECT: f"{said} is correct.",
        Verdict.INCORRECT: f"{said} is wrong.",
        Verdict.UNPARSED: "no answer could be read.",
        Verdict.TRUNCATED: "it was cut off before an answer.",
    }
    return None if rollout.verdict is None else feedback.get(rollout.verdict)
