"""The base class of methods: its inputs, its declarations, and the streams that it returns.

Tables are flat: one entry a token, response after response, without padding, so that a method is a
few operations over whole columns. `rows` maps each token to its response.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.config.token_values import TokenValuesConfig
from rlsd_pipeline.credit.columns import (
    COLUMNS,
    STUDENT,
    TEACHER,
    TOKENS,
    VALUES,
    known,
    lacking,
)
from rlsd_pipeline.credit.responses import at_tokens, lengths_of
from rlsd_pipeline.credit.selection import Selection
from rlsd_pipeline.credit.streams import TokenStreams
from rlsd_pipeline.privileged.context import PrivilegedContext

if TYPE_CHECKING:
    from torch import Tensor

    from rlsd_pipeline.divergences.divergence import StoredDivergence


NO_TEACHER = (
    "the method needs teacher_logprobs, and no teacher scored these rollouts: use the tables of an "
    "arm whose method reads a teacher, or "
    "`rlsd compare EXPERIMENT --arm ARM --iteration K --columns`"
)

NO_TOKENS = "the method needs token ids, and the table of rollouts has none"

NO_VALUES = (
    "the method needs true advantages, and the states of these rollouts were not valued: "
    "materialize token_values here first"
)


@dataclass(frozen=True)
class Credit:
    """The inputs of a method: one table of rollouts as flat arrays.

    Attributes:
        rewards: R of each rollout, nan where the verifier failed; `[rollouts]`.
        correct: Whether the verifier accepted the answer; `[rollouts]`.
        advantages: Advantage of each rollout, by the arm's estimator; `[rollouts]`.
        groups: Index of each rollout's group, from 0; `[rollouts]`.
        informed: Whether the teacher was shown privileged information for a rollout, or scored it
            at all; `[rollouts]`.
        rows: Index of each token's rollout, ascending; `[tokens]`.
        reasoning: Whether a token belongs to the reasoning, and not to answer or format;
            `[tokens]`.
        student_logprobs: Plain context, no gradient; nats, `[tokens]`.
        teacher_logprobs: Privileged context, no gradient; nats, `[tokens]`, equal to the student's
            where the rollout is not informed, or None where no teacher scored the table.
        true_advantages: The measured change of the expected reward over the token's span, at each
            token of the span; 0 where it was not measured, `[tokens]`, or None where `token_values`
            was not read.
        token_ids: The tokens themselves; `[tokens]`, or None in a table that was made without them.
        student_entropy: Entropy of π_S over the whole vocabulary; nats, `[tokens]`.
        student_squared_probs: Σ_v π_S(v)²; `[tokens]`.
        teacher_entropy: Entropy of π_T in the privileged context; nats, `[tokens]`.
        correct_sibling_logprobs: The teacher that sees a correct response of the group, another
            than the one it scores; nats, `[tokens]`.
        wrong_sibling_logprobs: The same with a wrong one; nats, `[tokens]`.
        mean_wrong_sibling_logprobs: Log of the mean probability over several wrong ones; nats,
            `[tokens]`.
        blank_image_logprobs: The student whose images are blank; nats, `[tokens]`.
        blurred_image_logprobs: The student whose images are blurred; nats, `[tokens]`.
        patched_image_logprobs: The student whose images have black patches; nats, `[tokens]`.
        base_logprobs: The model that training began with, in the plain context; nats, `[tokens]`.

    The columns from `student_entropy` on are None if they were not computed, and nan at the tokens
    of a rollout that has no such value: no such sibling, no images or no teacher.
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
    student_entropy: Tensor | None = None
    student_squared_probs: Tensor | None = None
    teacher_entropy: Tensor | None = None
    correct_sibling_logprobs: Tensor | None = None
    wrong_sibling_logprobs: Tensor | None = None
    mean_wrong_sibling_logprobs: Tensor | None = None
    blank_image_logprobs: Tensor | None = None
    blurred_image_logprobs: Tensor | None = None
    patched_image_logprobs: Tensor | None = None
    base_logprobs: Tensor | None = None

    def lacks(self, names: Iterable[str]) -> list[str]:
        """The missing ones among some columns."""
        return sorted(name for name in names if getattr(self, name) is None)

    def column(self, name: str) -> Tensor:
        """A column that the method requires; `[tokens]`.

        Raises:
            ValueError: The column is missing; names the command that makes it.
        """
        if lacks := self.lacks([name]):
            raise ValueError(why_lacking(lacks))
        found: Tensor = getattr(self, name)
        return found.detach()

    @cached_property
    def information_gain(self) -> Tensor:
        """Δ_t = sg(log π_T - log π_S) (docs/method.md, eq. 5); nats, `[tokens]`.

        Raises:
            ValueError: No teacher scored the table.
        """
        return (self.column(TEACHER) - self.student_logprobs).detach()

    @cached_property
    def lengths(self) -> Tensor:
        """Tokens of each rollout; `[rollouts]`."""
        return lengths_of(self.rows, len(self.rewards))

    @cached_property
    def token_advantages(self) -> Tensor:
        """The rollout's advantage at each of its tokens; `[tokens]`."""
        return at_tokens(self.advantages, self.lengths)

    @cached_property
    def token_informed(self) -> Tensor:
        """1 where the teacher knew more than the student, else 0; `[tokens]`."""
        return at_tokens(self.informed.to(self.student_logprobs.dtype), self.lengths)


def why_lacking(names: Iterable[str]) -> str:
    """The reason why a method needs the missing columns, and the command that makes them."""
    missing = list(names)
    if VALUES in missing:
        return NO_VALUES
    if TOKENS in missing:
        return NO_TOKENS
    return NO_TEACHER if missing == [TEACHER] else lacking(missing)


class Weighting(Component):
    """A method with its settings."""

    component_kind = "weighting"

    reads: ClassVar[frozenset[str]] = frozenset({STUDENT, TEACHER})
    """Token columns that it reads, by their names in `credit/columns.py`; the arm computes only
    these. Rewards, advantages and token positions are always available."""

    reads_teacher: ClassVar[bool] = True
    """Whether a teacher makes one of these columns; derived from `reads`."""

    reads_values: ClassVar[bool] = False
    """Whether it reads true advantages, so that `token_values` is a part of every iteration;
    derived from `reads`."""

    privileged: ClassVar[PrivilegedContext | None] = None
    """Its teacher's privileged context, unless the arm declares one; None takes the
    experiment's."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the columns; a class may set `reads_teacher` or `reads_values` instead."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "reads" not in own:
            said = {TEACHER: own.get("reads_teacher"), VALUES: own.get("reads_values")}
            cls.reads = cls.reads | {name for name, reads in said.items() if reads}
            cls.reads -= {name for name, reads in said.items() if reads is False}
        cls.reads = known(cls.reads, cls.__name__)
        cls.reads_teacher = any(COLUMNS[name].of == "teacher" for name in cls.reads)
        cls.reads_values = VALUES in cls.reads

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it reads with its settings; a setting may choose one."""
        return self.reads

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The divergence to the teacher's distribution that the update minimises, if any."""
        return None

    @property
    def responses(self) -> Literal["sampled", "reference"]:
        """Whether it learns from the policy's own responses or from the data set's."""
        return "sampled"

    @property
    def keeps_sign(self) -> bool:
        """Whether the credit of every token has the sign of its response's advantage."""
        return False

    def valued_by(self, declared: TokenValuesConfig) -> TokenValuesConfig:
        """The settings of the token values that it reads, given the experiment's."""
        return declared

    def at_iteration(self, iteration: int) -> Self:
        """The method with its schedules resolved for an iteration."""
        return self

    def cut(self, credit: Credit) -> Tensor | None:
        """The mask of tokens whose weight was clipped; `[tokens]`, or None without a bound."""
        return None

    def selects(self, credit: Credit) -> Selection | None:
        """The tokens that a small difference of log-probabilities selects, by a threshold or share.

        `compare` says how many of them rounding alone would select.

        Returns:
            None for a method whose credit changes by no more than rounding where its inputs do.
        """
        return None

    @abstractmethod
    def streams(self, credit: Credit) -> TokenStreams:
        """The credit of every token.

        Raises:
            ValueError: The table lacks what the method reads.
        """
