"""Nothing: the control that separates the effect of r from the drift of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.privileged.context import JudgedRollout, MoreTokens, PrivilegedContext

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import SamplingConfig
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.hardware import AssumptionsConfig
    from rlsd_pipeline.config.prompts import PromptsConfig


class Nothing(PrivilegedContext):
    """The student's own question."""

    type: Literal["none"] = "none"

    is_nothing = True

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate]:
        """The student's prompt."""
        return [prompts.fill(prompts.student, question=r.problem.question) for r in rollouts]

    def more_tokens(self, sampling: SamplingConfig, expected: AssumptionsConfig) -> MoreTokens:
        """None."""
        return MoreTokens(0, 0)
