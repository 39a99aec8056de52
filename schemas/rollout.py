"""A response that the policy sampled, token by token."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.record import (
    AlignedWith,
    Logprob,
    NonEmpty,
    PresentByDefault,
    Record,
    TextPosition,
    TokenId,
)


class FinishReason(StrEnum):
    """Why sampling ended."""

    STOP = "stop"
    """The policy sampled its end token."""

    LENGTH = "length"
    """The token limit was reached: the response is truncated."""


class Rollout(Record):
    """One response y of the group of G that was sampled for a problem."""

    schema_version: ClassVar[int] = 2

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """Name of the rollout; the later tables refer to it."""

    problem_id: NonEmpty
    """The problem x it answers. The rollouts that share one are a group."""

    sample_index: Annotated[int, Field(ge=0)]
    """Position in its group, from 0 to G − 1."""

    prompt_ids: list[TokenId]
    """Token ids of the prompt as the policy read it, images expanded. [prompt tokens]"""

    completion_ids: list[TokenId]
    """Token ids of y, with the end token where one was sampled. [tokens]"""

    completion: str
    """The model's turn as it reads: the text of y without the end token.

    What the chat template wrote of the turn itself, such as `<think>`, comes first.
    """

    token_ends: Annotated[list[TextPosition], AlignedWith("completion_ids")]
    """Where each token's text ends in `completion`, in characters; the next begins there. [tokens]

    A token that holds no whole character ends where it begins. The first token begins at 0: what
    the chat template wrote of the turn is counted with it.
    """

    rollout_logprobs: Annotated[
        list[Logprob] | None, AlignedWith("completion_ids"), PresentByDefault()
    ]
    """log π(y_t | x, y<t) in nats as the engine reported it while sampling. [tokens]

    Null where another trainer sampled and did not write it down.
    """

    finish_reason: FinishReason
    """Why sampling ended."""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "problem_id": "easy_vqa/train/17",
        "sample_index": 0,
        "prompt_ids": [1, 5, 9, 4],
        "completion_ids": [7, 3, 2],
        "completion": "<answer>no",
        "token_ends": [8, 10, 10],
        "rollout_logprobs": [-0.25, -1.5, -0.125],
        "finish_reason": FinishReason.STOP,
    }
