"""The privileged context `cue`: a hint in words about the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.privileged.context import JudgedRollout, PrivilegedContext

if TYPE_CHECKING:
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.prompts import PromptsConfig


class Cue(PrivilegedContext):
    """The problem's `cue`, in the template `prompts.cue_reference`; the answer is not shown.

    After ViCuR (arXiv 2606.05718), whose teacher sees a visual cue instead of the answer.
    """

    type: Literal["cue"] = "cue"

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate | None]:
        """The same for all rollouts; none where the problem has no cue."""
        return [
            None
            if rollout.problem.cue is None
            else prompts.fill(
                self.template_of(prompts),
                question=rollout.problem.question,
                cue=rollout.problem.cue,
            )
            for rollout in rollouts
        ]

    def template_of(self, prompts: PromptsConfig) -> str:
        """The template `cue_reference`."""
        return prompts.cue_reference
