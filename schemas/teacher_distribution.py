"""The teacher's next-token distribution: its likeliest tokens, and one entry for the rest."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.record import AlignedWith, Logprob, NonEmpty, Record, TokenId


class TeacherDistribution(Record):
    """The teacher's next-token distribution along one rollout, over a support of k entries.

    The lists of k entries a token are laid one after the other.
    """

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """The rollout it was computed along."""

    completion_ids: list[TokenId]
    """The tokens it was computed at. [tokens]"""

    support_size: Annotated[int, Field(ge=1)]
    """Entries kept a token, k."""

    support_ids: Annotated[list[TokenId] | None, AlignedWith("completion_ids", "support_size")]
    """Which tokens of the vocabulary. Null where the teacher was not asked. [tokens * k]"""

    support_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids", "support_size")]
    """Their log π_T in nats. [tokens * k]"""

    tail_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")]
    """Log of the probability of all other tokens together, nats; at least -100. [tokens]"""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3],
        "support_size": 2,
        "support_ids": [7, 8, 3, 9],
        "support_logprobs": [-0.25, -2.0, -0.5, -1.5],
        "tail_logprobs": [-2.5, -1.75],
    }
