"""RLSD: the reward sets the direction of a token's update, a privileged teacher its magnitude.

    information gain     Δ_t = sg(log π_T(y_t | x, r, y<t) - log π_S(y_t | x, y<t))
    evidence weight      w_t = exp(sign(A) Δ_t)
    token advantage      Â_t = A ((1 - λ) + λ clip(w_t, 1 - ε_w, 1 + ε_w))

Source: arXiv 2604.03128, Algorithm 1, and method.md §2. The article prints
`A (1 - λ) + λ clip(w_t, ...)`; that is a misprint, under which a wrong answer with a small |A|
would be rewarded. λ is `mix` and falls linearly to 0 over the training; ε_w is `clip`.
"""

import math

import torch
from torch import Tensor

from rlsd_pipeline.weighting.streams import Credit, TokenStreams


def evidence_weights(
    advantages: Tensor, information_gain: Tensor, completion_mask: Tensor, *, clip: float
) -> Tensor:
    """clip(exp(sign(A) Δ), 1 - ε_w, 1 + ε_w), and 1 outside the mask; `[rollouts, tokens]`."""
    sign = advantages.sign()[:, None]
    # where, not *: padding may hold nan or inf, and so may a gain beside sign 0; 0 * inf is nan.
    # And ε_w is at most 1, so no weight above 2 is kept and the exponential cannot overflow.
    kept = completion_mask.bool() & (sign != 0)
    signed = torch.where(kept, sign * information_gain.detach(), 0.0).clamp(max=math.log(2))
    return signed.exp().clamp(1 - clip, 1 + clip)


def rlsd_token_advantages(
    advantages: Tensor,
    information_gain: Tensor,
    completion_mask: Tensor,
    *,
    mix: float,
    clip: float,
) -> Tensor:
    """Redistribute each rollout's advantage over its tokens.

    A token that the teacher finds likelier than the student does gets more of a positive
    advantage and less of a negative one. The sign of the advantage never changes, and no gradient
    reaches the information gain.

    Args:
        advantages: Group-normalised reward of each rollout, unitless; `[rollouts]`.
        information_gain: Teacher minus student log-probability of each token, nats;
            `[rollouts, tokens]`.
        completion_mask: True on response tokens; elsewhere the result is exactly 0, whatever the
            padding holds; `[rollouts, tokens]`.
        mix: λ in [0, 1]; 0 is GRPO bit for bit.
        clip: ε_w in [0, 1]; half-width of the interval around 1 that bounds a weight.

    Returns:
        Token advantages Â, unitless; `[rollouts, tokens]`.

    Raises:
        ValueError: `mix` or `clip` lies outside [0, 1], or the shapes do not fit.
    """
    if not 0 <= mix <= 1:
        raise ValueError(f"mix (λ) must lie in [0, 1], got {mix}")
    if not 0 <= clip <= 1:
        raise ValueError(f"clip (ε_w) must lie in [0, 1], got {clip}")
    if information_gain.shape != completion_mask.shape or len(advantages) != len(completion_mask):
        raise ValueError(
            f"advantages {tuple(advantages.shape)}, information_gain "
            f"{tuple(information_gain.shape)} and completion_mask {tuple(completion_mask.shape)} "
            "must be [rollouts], [rollouts, tokens] and [rollouts, tokens]"
        )
    weights = evidence_weights(advantages, information_gain, completion_mask, clip=clip)
    # Equal to (1 - λ) + λ w, and exactly 1 where λ = 0 or w = 1.
    multiplier = 1 + mix * (weights - 1)
    return torch.where(completion_mask.bool(), advantages.detach()[:, None] * multiplier, 0.0)


def rlsd_streams(credit: Credit, *, mix: float, clip: float) -> TokenStreams:
    """RLSD as a stream."""
    if credit.teacher_logprobs is None:
        raise ValueError(
            "RLSD needs teacher_logprobs: score the rollouts with a privileged teacher"
        )
    gain = credit.teacher_logprobs - credit.student_logprobs
    return TokenStreams(
        rlsd_token_advantages(credit.advantages, gain, credit.completion_mask, mix=mix, clip=clip)
    )
