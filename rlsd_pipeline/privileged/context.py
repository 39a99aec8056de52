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
        problem: What it answers.
        completion: Its text.
        verdict: Verdict of the verifier, or None where what the teacher sees does not depend on it.
        extracted: The answer read from it.
    """

    problem: Problem
    completion: str
    verdict: Verdict | None = None
    extracted: str | None = None


class MoreTokens(NamedTuple):
    """The tokens by which a teacher's prompt exceeds the student's.

    Attributes:
        expected: On average.
        longest: At most.
    """

    expected: int
    longest: int


class PrivilegedContext(Component):
    """A privileged context; a subclass must define `texts`.

    The images are the student's unless `images` gives others. A built-in one without settings is
    declared by its name alone.
    """

    component_kind = "privileged context"

    reads_rewards: ClassVar[bool] = False
    """Whether it needs the verdicts on the rollouts."""

    is_nothing: ClassVar[bool] = False
    """Whether the teacher is asked exactly what the student is."""

    also_identified: ClassVar[Mapping[str, str]] = {}
    """Further parts of its identity beside code and settings."""

    @abstractmethod
    def texts(
        self, prompts: PromptsConfig, rollouts: Sequence[JudgedRollout]
    ) -> Sequence[FilledTemplate | None]:
        """The teacher's question for each of a problem's rollouts; None: nothing to show.

        Args:
            prompts: The wording that the experiment declares; `prompts.fill` fills a template and
                keeps apart what it says and what comes from the data.
            rollouts: All of one problem in an iteration, in their order. A verdict is None unless
                `reads_rewards` is declared.

        Raises:
            DataError: The problem lacks what is to be shown.
        """

    def images(self, problem: Problem) -> Sequence[bytes]:
        """The teacher's images of a problem, encoded; by default the student's.

        Raises:
            DataError: The problem lacks what is to be seen.
        """
        return problem.images

    def template_of(self, prompts: PromptsConfig) -> str | None:
        """The template that `texts` fills; places for images in it are checked with the data.

        None where there is no one template.
        """
        return None

    def more_tokens(self, sampling: SamplingConfig, expected: AssumptionsConfig) -> MoreTokens:
        """The tokens by which the teacher's prompt exceeds the student's, for the plan."""
        return MoreTokens(_FEW_TOKENS, _FEW_TOKENS)

    def distinct_prompts(self, sampling: SamplingConfig) -> int:
        """Different prompts of an iteration, for the plan."""
        return sampling.prompts * (sampling.group_size if self.reads_rewards else 1)

    @property
    def display_name(self) -> str:
        """Its name in results."""
        origin = self.origin
        return self.type if origin is None else origin.name

    @model_serializer(mode="wrap")
    def _dumped(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        """A built-in one without settings is its name."""
        dumped = super()._dumped(handler, info)
        return dumped["type"] if self._is_plain else dumped

    @property
    def _is_plain(self) -> bool:
        return built_in_name(type(self)) is not None and set(type(self).model_fields) == {"type"}
