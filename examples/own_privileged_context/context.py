"""A teacher that is told less than the answer."""

from collections.abc import Sequence

from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.privileged.context import JudgedRollout, PrivilegedContext


class Hint(PrivilegedContext):
    """The first letters of the answer."""

    letters: int = 1
    """How many."""

    wording: str = "{question} reference answer: {hint}..."
    """The teacher's question; `{hint}` is replaced by the letters."""

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate]:
        """The same for all rollouts of a problem."""
        problem = rollouts[0].problem
        hint = problem.answer[: self.letters]
        text = prompts.fill(self.wording, question=problem.question, hint=hint)
        return [text] * len(rollouts)
