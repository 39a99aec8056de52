"""What a method reads, what it declares, and the per-token streams it ends in.

Tables are flat: one entry a token, response after response, without padding, so that a method is a
few operations over whole columns. `rows` says whose each token is.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.config.token_values import TokenValuesConfig
from rlsd_pipeline.credit.streams import TokenStreams
from rlsd_pipeline.privileged.context import PrivilegedContext

if TYPE_CHECKING:
    from torch import Tensor

    from rlsd_pipeline.divergences.divergence import StoredDivergence


NO_TEACHER = (
    "the method needs teacher_logprobs, and no teacher scored these rollouts: use the tables of an "
    "arm whose method reads a teacher"
)

NO_VALUES = (
    "the method needs true advantages, and the states of these rollouts were not valued: "
    "materialize token_values here first"
)


@dataclass(frozen=True)
class Credit:
    """What a method may read of one table of rollouts.

    Attributes:
        rewards: R of each rollout, nan where the verifier failed; `[rollouts]`.
        correct: Whether the verifier accepted the answer; `[rollouts]`.
        advantages: Of each rollout, by the arm's estimator; `[rollouts]`.
        groups: Index of each rollout's group, from 0; `[rollouts]`.
        informed: Whether the teacher was shown privileged information for a rollout, or scored it
            at all; `[rollouts]`.
        rows: Index of each token's rollout; `[tokens]`.
        reasoning: Whether a token belongs to the reasoning, and not to answer or format;
            `[tokens]`.
        student_logprobs: Plain context, no gradient; nats, `[tokens]`.
        teacher_logprobs: Privileged context, no gradient; nats, `[tokens]`, equal to the student's
            where the rollout is not informed, or None where no teacher scored the table.
        true_advantages: The measured change of the expected reward over the token's span, at each
            token of the span; 0 where it was not measured, `[tokens]`, or None where `token_values`
            was not read.
        token_ids: The tokens themselves; `[tokens]`, or None in a table that was made without them.
    """

    rewards: Tensor
    correct: Tensor
    advantages: Tensor
    groups: Tensor
    informed: Tensor
    rows: Tensor
    reasoning: Tensor
    student_logprobs: Tensor
    teacher_logprobs: Tensor | None
    true_advantages: Tensor | None = None
    token_ids: Tensor | None = None

    @cached_property
    def information_gain(self) -> Tensor:
        """Δ_t = sg(log π_T - log π_S); nats, `[tokens]`.

        Raises:
            ValueError: No teacher scored the table.
        """
        if self.teacher_logprobs is None:
            raise ValueError(NO_TEACHER)
        return (self.teacher_logprobs - self.student_logprobs).detach()

    @cached_property
    def token_advantages(self) -> Tensor:
        """The rollout's advantage at each of its tokens; `[tokens]`."""
        return self.advantages[self.rows]

    @cached_property
    def token_informed(self) -> Tensor:
        """1 where the teacher knew more than the student, else 0; `[tokens]`."""
        return self.informed.to(self.student_logprobs.dtype)[self.rows]


class Weighting(Component):
    """A method with its settings."""

    component_kind = "weighting"

    reads_teacher: ClassVar[bool] = True
    """Whether it needs teacher_logprobs."""

    reads_values: ClassVar[bool] = False
    """Whether it needs true advantages; `token_values` is then a part of every iteration."""

    privileged: ClassVar[PrivilegedContext | None] = None
    """What its teacher sees unless the arm says otherwise; None leaves it to the experiment."""

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The divergence to the teacher's distribution that the update is to minimise, if any."""
        return None

    @property
    def responses(self) -> Literal["sampled", "reference"]:
        """Whether it learns from the policy's own responses or from the data set's."""
        return "sampled"

    @property
    def keeps_sign(self) -> bool:
        """Whether it promises that no token's advantage has another sign than its response's."""
        return False

    def valued_by(self, declared: TokenValuesConfig) -> TokenValuesConfig:
        """How the states are valued that it reads, given what the experiment declares."""
        return declared

    def at_iteration(self, iteration: int) -> Self:
        """The method with its schedules resolved: what decides this iteration's streams."""
        return self

    def cut(self, credit: Credit) -> Tensor | None:
        """Where a bound changed a token's weight; `[tokens]`, or None for a method without one."""
        return None

    @abstractmethod
    def streams(self, credit: Credit) -> TokenStreams:
        """The credit of every token.

        Raises:
            ValueError: The table lacks what the method reads.
        """
