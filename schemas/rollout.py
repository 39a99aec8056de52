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
    """One response y of the G responses to a problem."""

    schema_version: ClassVar[int] = 2

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """Name of the rollout; the later tables refer to it."""

    problem_id: NonEmpty
    """The problem x. The rollouts of one problem are a group."""

    sample_index: Annotated[int, Field(ge=0)]
    """Index in the group, from 0 to G − 1."""

    prompt_ids: list[TokenId]
    """Token ids of the policy's prompt, with expanded images. [prompt tokens]"""

    completion_ids: list[TokenId]
    """Token ids of y, with the end token if one was sampled. [tokens]"""

    completion: str
    """The text of the model's turn: y without the end token.

    It begins with the text that the chat template itself wrote, such as `<think>`.
    """

    token_ends: Annotated[list[TextPosition], AlignedWith("completion_ids")]
    """End of each token's text in `completion`, in characters; the next token begins there.
    [tokens]

    A token without a whole character ends where it begins. The first token begins at 0, so it
    includes the text that the chat template wrote.
    """

    rollout_logprobs: Annotated[
        list[Logprob] | None, AlignedWith("completion_ids"), PresentByDefault()
    ]
    """log π(y_t | x, y<t) in nats, as reported by the sampling engine. [tokens]

    Null if another trainer sampled and did not log it.
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
