"""The log-probabilities of the sampled tokens under the student and the privileged teacher."""

from typing import Annotated, Any, ClassVar

from schemas.record import AlignedWith, Logprob, NonEmpty, NotNegative, Record, TokenId


class TokenLogprobs(Record):
    """What the student and the teacher think of the tokens of one rollout.

    Their difference is the information gain Δ_t, so both come from one engine, at one
    precision and at the temperature of the rollout. The columns from `student_entropy` on are
    computed where a method asks for them, and null elsewhere.
    """

    schema_version: ClassVar[int] = 3
    oldest_readable: ClassVar[int | None] = 2

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

    student_entropy: Annotated[list[NotNegative] | None, AlignedWith("completion_ids")] = None
    """-Σ_v π_S(v) log π_S(v) in nats, over the whole vocabulary. [tokens]

    Also there where nobody asked, if all rollouts were scored under the student anyway.
    """

    student_squared_probs: Annotated[list[NotNegative] | None, AlignedWith("completion_ids")] = None
    """Σ_v π_S(v)², over the whole vocabulary. [tokens]"""

    teacher_entropy: Annotated[list[NotNegative] | None, AlignedWith("completion_ids")] = None
    """-Σ_v π_T(v) log π_T(v) in nats, in the privileged context. [tokens]"""

    correct_sibling_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_T(y_t | x, a correct response of the group, y<t) in nats. [tokens]

    Null, as in the two columns below, where the group has no such response but this one.
    """

    wrong_sibling_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_T(y_t | x, a wrong response of the group, y<t) in nats. [tokens]"""

    mean_wrong_sibling_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = (
        None
    )
    """log of the mean over wrong responses w of π_T(y_t | x, w, y<t) in nats. [tokens]"""

    blank_image_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_S(y_t | x with grey images, y<t) in nats. [tokens]

    Null, as in the two columns below, where the problem has no image.
    """

    blurred_image_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_S(y_t | x with blurred images, y<t) in nats. [tokens]"""

    patched_image_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_S(y_t | x with patches of its images black, y<t) in nats. [tokens]"""

    example: ClassVar[dict[str, Any]] = {
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3, 2],
        "student_logprobs": [-0.25, -1.5, -0.125],
        "teacher_logprobs": [-0.25, -0.5, -0.125],
        "teacher_plain_logprobs": None,
        "student_entropy": None,
        "student_squared_probs": None,
        "teacher_entropy": None,
        "correct_sibling_logprobs": None,
        "wrong_sibling_logprobs": None,
        "mean_wrong_sibling_logprobs": None,
        "blank_image_logprobs": None,
        "blurred_image_logprobs": None,
        "patched_image_logprobs": None,
    }
