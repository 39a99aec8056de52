"""The same sampled tokens, scored with and without the privileged information."""

from typing import Annotated, Any, ClassVar

from schemas.record import AlignedWith, Logprob, NonEmpty, Record, TokenId


class TokenLogprobs(Record):
    """What the student and the teacher think of the tokens of one rollout.

    Their difference is the information gain Δ_t, so both come from one engine, at one
    precision and at the temperature of the rollout.
    """

    schema_version: ClassVar[int] = 2

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """The rollout that was scored."""

    completion_ids: list[TokenId]
    """The tokens that were scored, repeated here so that no table can be shifted. [tokens]"""

    student_logprobs: Annotated[list[Logprob], AlignedWith("completion_ids")]
    """log π_S(y_t | x, y<t) in nats, in the plain context. [tokens]"""

    teacher_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")]
    """log π_T(y_t | x, r, y<t) in nats, in the privileged context. [tokens]

    Null where no teacher was asked, or there was nothing to show it.
    """

    teacher_plain_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")]
    """log π_T(y_t | x, y<t) in nats: the same teacher without the privileged information. [tokens]

    The control: what of Δ is the teacher's other weights, and not the reference. Null where the
    teacher is the student, whose own column it would repeat.
    """

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3, 2],
        "student_logprobs": [-0.25, -1.5, -0.125],
        "teacher_logprobs": [-0.25, -0.5, -0.125],
        "teacher_plain_logprobs": None,
    }
