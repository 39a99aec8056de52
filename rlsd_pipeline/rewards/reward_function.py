"""The base class of the parts of a reward, and the response that a part reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from pydantic import Field

from rlsd_pipeline.components.component import Component, short_name

if TYPE_CHECKING:
    import numpy as np

    from schemas import FinishReason, Problem, Verdict


class Response(NamedTuple):
    """One sampled response to one problem.

    Attributes:
        problem: The question with its gold answer, choices and attributes.
        completion: The sampled text.
        completion_ids: Its tokens, including the end token; int32, `[tokens]`.
        finish_reason: Whether the response ended by itself or was truncated.
        verdict: The verifier's verdict; `verifier_error` if it failed.
        extracted: The answer that was read; None without one.
        format_ok: Whether the response has the format that the prompt requests.
        max_tokens: Token limit of a response.
    """

    problem: Problem
    completion: str
    completion_ids: np.ndarray
    finish_reason: FinishReason
    verdict: Verdict
    extracted: str | None
    format_ok: bool
    max_tokens: int


class RewardFunction(Component):
    """A part of the reward, of one response or of a group of them.

    A subclass defines `score`, or `score_group` if a response is compared with the others to its
    problem.
    """

    component_kind = "reward function"
    at_least_one: ClassVar[tuple[str, ...]] = ("score", "score_group")

    weight: float = 1.0
    """Weight of the part in R = Σ weight · part; a negative weight makes it a penalty."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    """Name of the part's column `reward_NAME` in the rewards; by default its type, or the name of
    the class."""

    @property
    def label(self) -> str:
        """Its name, by default that of its type."""
        return self.name or short_name(self)

    def score(self, response: Response) -> float | None:
        """The part's value for one response, before the weight.

        Returns:
            A finite number, or None, which adds nothing.
        """
        raise NotImplementedError

    def score_group(self, responses: Sequence[Response]) -> Sequence[float | None]:
        """The part's value for each response to one problem, before the weight.

        Args:
            responses: All responses sampled for the problem, in their order; `[group]`.

        Returns:
            One entry for each response, as `score` returns it; `[group]`.
        """
        return [self.score(response) for response in responses]
