"""The values of the states of a response, measured by continuations."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import AlignedWith, Column, NonEmpty, Record, TextPosition, TokenId

Count = Annotated[int, Column("int32"), Field(ge=0)]
StandardError = Annotated[FiniteFloat, Field(ge=0)]


class TokenValues(Record):
    """The values of some states of one rollout: mean rewards of the policy's continuations.

    A state is the prompt and the response's first tokens. Its continuations have the rollouts'
    temperature, reward and remaining budget. They form two halves that share nothing, so that the
    noise of different halves is independent in products. Source: VinePPO, arXiv 2410.01679.
    """

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """The rollout of the states."""

    completion_ids: list[TokenId]
    """The rollout's tokens. [tokens]"""

    reward: FiniteFloat | None
    """R of the whole response, the value of its last state; null without a verdict."""

    places: list[TextPosition]
    """Number of response tokens before each state, rising from 0, without the last state; empty if
    the rollout was not valued. [states]"""

    first_values: Annotated[list[FiniteFloat], AlignedWith("places")]
    """Mean reward of the first half; 0 if its count is 0. [states]"""

    second_values: Annotated[list[FiniteFloat], AlignedWith("places")]
    """Mean reward of the second half; 0 if its count is 0. [states]"""

    first_counts: Annotated[list[Count], AlignedWith("places")]
    """Number of continuations of the first half with a reward; a failed verifier gives none.
    [states]"""

    second_counts: Annotated[list[Count], AlignedWith("places")]
    """Number of continuations of the second half with a reward. [states]"""

    standard_errors: Annotated[list[StandardError], AlignedWith("places")]
    """Standard error of the mean of both halves; 0 with fewer than two verdicts. [states]"""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3, 2],
        "reward": 1.0,
        "places": [0, 1, 2],
        "first_values": [0.5, 0.75, 1.0],
        "second_values": [0.25, 0.75, 1.0],
        "first_counts": [4, 4, 4],
        "second_counts": [4, 4, 3],
        "standard_errors": [0.18, 0.16, 0.0],
    }
