"""The rewards of the continuations of one state."""

from typing import Any, ClassVar

from pydantic import FiniteFloat

from schemas.record import NonEmpty, Record, TokenId


class StateRewards(Record):
    """The rewards of one state's continuations, in two halves that share no continuation.

    A continuation on which the verifier failed has no reward and is left out.
    """

    key: ClassVar[tuple[str, ...]] = ("problem_id", "state")

    problem_id: NonEmpty
    """The problem of the prompt."""

    state: NonEmpty
    """Digest of the response's first tokens."""

    prefix_ids: list[TokenId]
    """The response's first tokens. [tokens]"""

    first_rewards: list[FiniteFloat]
    """R of each continuation of the first half. [continuations]"""

    second_rewards: list[FiniteFloat]
    """R of each continuation of the second half. [continuations]"""

    sampled_tokens: int
    """Tokens of all continuations together."""

    example: ClassVar[dict[str, Any]] = {
        "problem_id": "easy_vqa/train/17",
        "state": "5f2c8a0e9b1d4f67",
        "prefix_ids": [7, 3],
        "first_rewards": [1.0, 0.0],
        "second_rewards": [1.0, 1.0],
        "sampled_tokens": 9,
    }
