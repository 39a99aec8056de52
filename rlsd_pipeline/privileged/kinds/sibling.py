"""The privileged context `sibling`: a successful response of the group, never the scored one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from rlsd_pipeline.privileged.context import JudgedRollout, MoreTokens, PrivilegedContext
from schemas import Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import SamplingConfig
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.hardware import AssumptionsConfig
    from rlsd_pipeline.config.prompts import PromptsConfig

_TAGS = re.compile(r"(?:\s*</?(?:think|answer)>\s*)+")


class Sibling(PrivilegedContext):
    """A successful response after its thinking, in the template `prompts.sibling_reference`."""

    type: Literal["sibling"] = "sibling"

    reads_rewards = True
    also_identified: ClassVar[Mapping[str, str]] = {"demonstration": "without thinking"}

    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> list[FilledTemplate | None]:
        """The first success of the group; that one itself is shown the second.

        So a group has two teacher prompts at most, and a rollout is never shown itself.
        """
        successes = [row for row, each in enumerate(rollouts) if each.verdict is Verdict.CORRECT]
        texts: list[FilledTemplate | None] = []
        for row, rollout in enumerate(rollouts):
            other = next((candidate for candidate in successes[:2] if candidate != row), None)
            texts.append(
                None
                if other is None
                else prompts.fill(
                    self.template_of(prompts),
                    question=rollout.problem.question,
                    sibling=demonstration(rollouts[other].completion),
                )
            )
        return texts

    def template_of(self, prompts: PromptsConfig) -> str:
        """The template `sibling_reference`."""
        return prompts.sibling_reference

    def more_tokens(self, sampling: SamplingConfig, expected: AssumptionsConfig) -> MoreTokens:
        """A response."""
        response = expected.response_tokens or sampling.max_tokens
        return MoreTokens(response, sampling.max_tokens)

    def distinct_prompts(self, sampling: SamplingConfig) -> int:
        """Two of a group at most."""
        return 2 * sampling.prompts


def demonstration(completion: str) -> str:
    """The text after the thinking, without tags; the whole response if no thinking ends.

    As SDPO's repository has it: the teacher is to see the attempt, and not how it was thought out.
    """
    return _TAGS.sub(" ", completion.rpartition("</think>")[2]).strip()
