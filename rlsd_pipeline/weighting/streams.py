"""What a weighting reads, and the per-token streams in which every method ends."""

from typing import NamedTuple

from torch import Tensor


class Credit(NamedTuple):
    """What a method may read, for one table of rollouts.

    Attributes:
        advantages: Group-normalised reward of each rollout; `[rollouts]`.
        student_logprobs: Plain context, no gradient; nats, `[rollouts, tokens]`.
        teacher_logprobs: Privileged context, no gradient; nats, `[rollouts, tokens]`, or None
            where the arm's method reads no teacher.
        completion_mask: True on response tokens; `[rollouts, tokens]`.
    """

    advantages: Tensor
    student_logprobs: Tensor
    teacher_logprobs: Tensor | None
    completion_mask: Tensor


class TokenStreams(NamedTuple):
    """What the policy update consumes; a stream that a method does not use is None.

    Attributes:
        token_advantages: Signed credit of the clipped policy gradient; `[rollouts, tokens]`.
        distillation_weights: Weight of the divergence to the stored teacher distribution.
        nll_weights: Weight of the negative log-likelihood of the response's own token.
    """

    token_advantages: Tensor | None = None
    distillation_weights: Tensor | None = None
    nll_weights: Tensor | None = None
