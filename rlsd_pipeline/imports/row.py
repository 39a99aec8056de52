"""The common form of a log's row, or the reason why the row cannot be used."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from schemas import FinishReason

TokenId = Annotated[int, Field(ge=0, lt=2**31)]


class UnusableError(Exception):
    """A row that cannot be used; the text is the reason that is counted."""


class Unusable(NamedTuple):
    """A row that cannot be used.

    Attributes:
        file: Name of its file.
        number: Index of the row in the file, from 0.
        reason: Why.
        step: The trainer's step, where it is known.
    """

    file: str
    number: int
    reason: str
    step: int | None = None


class SampledRow(BaseModel):
    """One response with what the log says of it; None is what it does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    file: str
    number: int
    step: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    group: str | None = None
    """Value that the rows of one group share within a step."""

    prompt: str | None = None
    """The prompt as the log has it, chat template included where the log includes it."""

    question: str | None = None
    """The user's words, if the log holds them apart from the template."""

    system: str | None = None
    prompt_ids: list[TokenId] | None = None
    completion: str | None = None
    completion_ids: list[TokenId] | None = None
    logprobs: list[float] | None = None
    """Log-probabilities of the completion's tokens under the sampling policy; nats."""

    finish_reason: FinishReason | None = None
    reward: float | None = None
    parts: dict[str, float] = Field(default_factory=dict)
    """Parts of the reward by name, before any weight."""

    advantage: float | None = None
    answer: str | None = None
    images: list[bytes] = Field(default_factory=list)
