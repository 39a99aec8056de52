"""The log-probabilities of the sampled tokens under the student and the privileged teacher."""

from typing import Annotated, Any, ClassVar

from schemas.record import AlignedWith, Logprob, NonEmpty, NotNegative, Record, TokenId


class TokenLogprobs(Record):
    """The log-probabilities of one rollout's tokens under the student and the teacher.

    Their difference is the information gain Δ_t, so both come from one engine, at one precision and
    at the temperature of the rollout. The columns from `student_entropy` on are computed for
    methods that read them, and null otherwise.
    """

    schema_version: ClassVar[int] = 4
    oldest_readable: ClassVar[int | None] = 2

    key: ClassVar[tuple[str, ...]] = ("rollout_id",)

    rollout_id: NonEmpty
    """The rollout that was scored."""

    completion_ids: list[TokenId]
    """The scored tokens, repeated here so that no table can be misaligned. [tokens]"""

    student_logprobs: Annotated[list[Logprob], AlignedWith("completion_ids")]
    """log π_S(y_t | x, y<t) in nats, in the plain context. [tokens]"""

    teacher_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")]
    """log π_T(y_t | x, r, y<t) in nats, in the privileged context. [tokens]

    Null if no teacher was run, or it had no privileged context.
    """

    teacher_plain_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")]
    """log π_T(y_t | x, y<t) in nats: the same teacher without the privileged information. [tokens]

    The control: the part of Δ that comes from the teacher's other weights, not from the reference.
    Null if teacher and student have the same weights.
    """

    student_entropy: Annotated[list[NotNegative] | None, AlignedWith("completion_ids")] = None
    """-Σ_v π_S(v) log π_S(v) in nats, over the whole vocabulary. [tokens]

    Also present if all rollouts were scored under the student for another reason.
    """

    student_squared_probs: Annotated[list[NotNegative] | None, AlignedWith("completion_ids")] = None
    """Σ_v π_S(v)², over the whole vocabulary. [tokens]"""

    teacher_entropy: Annotated[list[NotNegative] | None, AlignedWith("completion_ids")] = None
    """-Σ_v π_T(v) log π_T(v) in nats, in the privileged context. [tokens]"""

    correct_sibling_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_T(y_t | x, a correct response of the group, y<t) in nats. [tokens]

    Null, as in the next two columns, if the group has no other such response.
    """

    wrong_sibling_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_T(y_t | x, a wrong response of the group, y<t) in nats. [tokens]"""

    mean_wrong_sibling_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = (
        None
    )
    """log of the mean over wrong responses w of π_T(y_t | x, w, y<t) in nats. [tokens]"""

    blank_image_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_S(y_t | x with grey images, y<t) in nats. [tokens]

    Null, as in the next two columns, if the problem has no image.
    """

    blurred_image_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_S(y_t | x with blurred images, y<t) in nats. [tokens]"""

    patched_image_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_S(y_t | x with patches of its images black, y<t) in nats. [tokens]"""

    base_logprobs: Annotated[list[Logprob] | None, AlignedWith("completion_ids")] = None
    """log π_0(y_t | x, y<t) in nats, of the model that training began with. [tokens]"""

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
        "base_logprobs": None,
    }
