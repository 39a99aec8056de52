"""The base class of privileged contexts: what the teacher sees and the student does not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pydantic import SerializationInfo, SerializerFunctionWrapHandler, model_serializer

from rlsd_pipeline.components.component import Component, built_in_name

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import SamplingConfig
    from rlsd_pipeline.config.filled_template import FilledTemplate
    from rlsd_pipeline.config.hardware import AssumptionsConfig
    from rlsd_pipeline.config.prompts import PromptsConfig
    from schemas import Problem, Verdict

_FEW_TOKENS = 64


class JudgedRollout(NamedTuple):
    """A rollout with its verdict.

    Attributes:
        problem: The problem that it answers.
        completion: Text of the response.
        verdict: Verdict of the verifier, or None where what the teacher sees does not depend on it.
        extracted: The answer that was read from the response.
    """

    problem: Problem
    completion: str
    verdict: Verdict | None = None
    extracted: str | None = None


class MoreTokens(NamedTuple):
    """The tokens by which a teacher's prompt exceeds the student's.

    Attributes:
        expected: Mean number.
        longest: Largest number.
    """

    expected: int
    longest: int


class PrivilegedContext(Component):
    """A privileged context; a subclass must define `texts`.

    The images are the student's unless `images` returns others. A built-in context without settings
    is declared by its name alone.
    """

    component_kind = "privileged context"

    reads_rewards: ClassVar[bool] = False
    """Whether it needs the verdicts on the rollouts."""

    is_nothing: ClassVar[bool] = False
    """Whether the teacher's prompt is exactly the student's."""

    also_identified: ClassVar[Mapping[str, str]] = {}
    """Further parts of its identity beside code and settings."""

    @abstractmethod
    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> Sequence[FilledTemplate | None]:
        """The teacher's prompt for each of a problem's rollouts; None if there is nothing to show.

        Args:
            prompts: The experiment's templates; `prompts.fill` fills one and keeps its text apart
                from the data's.
            rollouts: All rollouts of one problem in an iteration, in their order. A verdict is None
                unless `reads_rewards` is declared.

        Raises:
            DataError: The problem lacks the privileged information.
        """

    def images(self, problem: Problem) -> Sequence[bytes]:
        """The teacher's images of a problem, encoded; by default the student's.

        Raises:
            DataError: The problem lacks the privileged information.
        """
        return problem.images

    def template_of(self, prompts: PromptsConfig) -> str | None:
        """The template that `texts` fills; its places for images are checked with the data.

        None if there is not exactly one template.
        """
        return None

    def more_tokens(self, sampling: SamplingConfig, expected: AssumptionsConfig) -> MoreTokens:
        """The tokens by which the teacher's prompt exceeds the student's, for the plan."""
        return MoreTokens(_FEW_TOKENS, _FEW_TOKENS)

    def distinct_prompts(self, sampling: SamplingConfig) -> int:
        """The number of different prompts of an iteration, for the plan."""
        return sampling.prompts * (sampling.group_size if self.reads_rewards else 1)

    @property
    def display_name(self) -> str:
        """Its name in results."""
        origin = self.origin
        return self.type if origin is None else origin.name

    @model_serializer(mode="wrap")
    def _dumped(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        """Dump a built-in context without settings as its name."""
        dumped = super()._dumped(handler, info)
        return dumped["type"] if self._is_plain else dumped

    @property
    def _is_plain(self) -> bool:
        return built_in_name(type(self)) is not None and set(type(self).model_fields) == {"type"}
