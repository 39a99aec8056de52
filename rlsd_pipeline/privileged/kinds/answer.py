"""The privileged context `answer`: the final answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.privileged.context import JudgedRollout, MoreTokens, PrivilegedContext

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import SamplingConfig
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.hardware import AssumptionsConfig
    from rlsd_pipeline.config.prompts import PromptsConfig

_TOKENS = 16


class Answer(PrivilegedContext):
    """The final answer, in the template `prompts.answer_reference`."""

    type: Literal["answer"] = "answer"

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate | None]:
        """The same for all rollouts, whatever the verdicts are; none without a gold answer."""
        return [
            None
            if not rollout.problem.has_answer
            else prompts.fill(
                self.template_of(prompts),
                question=rollout.problem.question,
                answer=rollout.problem.answer,
            )
            for rollout in rollouts
        ]

    def template_of(self, prompts: PromptsConfig) -> str:
        """The template `answer_reference`."""
        return prompts.answer_reference

    def more_tokens(self, sampling: SamplingConfig, expected: AssumptionsConfig) -> MoreTokens:
        """A short answer."""
        return MoreTokens(_TOKENS, _TOKENS)
