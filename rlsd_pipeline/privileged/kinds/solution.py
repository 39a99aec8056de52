"""The privileged context `solution`: the reference solution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.privileged.context import JudgedRollout, MoreTokens, PrivilegedContext
from rlsd_pipeline.privileged.solution import require_solution

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import SamplingConfig
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.hardware import AssumptionsConfig
    from rlsd_pipeline.config.prompts import PromptsConfig


class Solution(PrivilegedContext):
    """The reference solution and the answer, in the template `prompts.solution_reference`."""

    type: Literal["solution"] = "solution"

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate]:
        """The same for all rollouts, whatever the verdicts are."""
        why = "`privileged: solution` shows it to the teacher"
        return [
            prompts.fill(
                self.template_of(prompts),
                question=rollout.problem.question,
                answer=rollout.problem.answer,
                solution=require_solution(rollout.problem, why),
            )
            for rollout in rollouts
        ]

    def template_of(self, prompts: PromptsConfig) -> str:
        """The template `solution_reference`."""
        return prompts.solution_reference

    def more_tokens(self, sampling: SamplingConfig, expected: AssumptionsConfig) -> MoreTokens:
        """The tokens of a solution that the experiment expects."""
        return MoreTokens(expected.solution_tokens, expected.longest_solution_tokens)
