"""The teacher's next-token distribution: its likeliest tokens, and one entry for the rest."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.record import AlignedWith, Logprob, NonEmpty, Record, TokenId


class TeacherDistribution(Record):
    """The teacher's next-token distribution along one rollout, over a support of k entries.

    Lists of k entries for each token follow one another.
    """

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """The rollout of these tokens."""

    completion_ids: list[TokenId]
    """The tokens of the rollout. [tokens]"""

    support_size: Annotated[int, Field(ge=1)]
    """k, the number of entries kept for each token."""

    support_ids: Annotated[list[TokenId] | None, AlignedWith("completion_ids", "support_size")]
    """Token ids of the entries; null if the teacher was not run. [tokens * k]"""

    support_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids", "support_size")]
    """log π_T of the entries, in nats. [tokens * k]"""

    tail_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")]
    """Log of the total probability of all other tokens, in nats; at least -100. [tokens]"""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3],
        "support_size": 2,
        "support_ids": [7, 8, 3, 9],
        "support_logprobs": [-0.25, -2.0, -0.5, -1.5],
        "tail_logprobs": [-2.5, -1.75],
    }
