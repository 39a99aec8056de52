"""The clipped surrogate with per-token advantages (docs/method.md, eq. 22).

    L = -mean min(ρ_t Â_t, clip(ρ_t, 1 - ε_low, 1 + ε_high) Â_t),   ρ_t = exp(policy - old logprob)

The mean is one of four:

    sequence      over each response's tokens, then over responses: the paper's
    token         over all tokens: the released code's and DAPO's
    learnt_token  over the tokens with a weight: SDPO's, whose masked responses do not count
    constant      the sum over a response divided by a constant, then over responses: Dr. GRPO's

The paper has no KL term and no entropy bonus. `whole_responses.py` makes GSPO's ratio of whole
responses.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.update.importance import importance_ratio

Denominator = Literal["sequence", "token", "learnt_token", "constant"]


class PolicyLoss(NamedTuple):
    """The loss of one set of tokens and what it was made of.

    Attributes:
        loss: Scalar to minimise, unitless.
        ratio: ρ_t without gradient; `[tokens]`.
        clipped: True where a bound changed the gradient; `[tokens]`.
    """

    loss: Tensor
    ratio: Tensor
    clipped: Tensor


def token_shares(
    lengths: Tensor,
    denominator: Denominator,
    learnt: Tensor | None = None,
    response_tokens: int | None = None,
) -> Tensor:
    """The weight of each token in the mean, response after response; `[tokens]`.

    Args:
        lengths: Tokens of each response of the whole batch; `[responses]`. A response without
            tokens counts as a response in the `sequence` mean.
        denominator: `sequence`: 1 / (responses x its own length); `token`: 1 / all tokens;
            `learnt_token`: 1 / tokens that carry a weight, and 0 for the others; `constant`:
            1 / (responses x `response_tokens`).
        learnt: Whether a token carries any weight, for `learnt_token`; `[tokens]`.
        response_tokens: What `constant` divides by.

    Raises:
        ValueError: `learnt_token` without `learnt`, or `constant` without `response_tokens`.
    """
    if denominator == "constant":
        if response_tokens is None:
            raise ValueError("the constant denominator needs to know what it divides by")
        return torch.ones(int(lengths.sum())) / max(len(lengths) * response_tokens, 1)
    if denominator == "learnt_token":
        if learnt is None:
            raise ValueError("the mean over learnt tokens needs to know which they are")
        return learnt.float() / learnt.sum().clamp(min=1)
    if denominator == "token":
        return torch.ones(int(lengths.sum())) / lengths.sum().clamp(min=1)
    shares = 1.0 / (len(lengths) * lengths.clamp(min=1))
    return shares.repeat_interleave(lengths)


def clipped_policy_loss(
    policy_logprobs: Tensor,
    old_logprobs: Tensor,
    token_advantages: Tensor,
    shares: Tensor,
    *,
    clip_low: float,
    clip_high: float,
    dual_clip: float | None = None,
) -> PolicyLoss:
    """The clipped surrogate over a flat list of response tokens.

    Args:
        policy_logprobs: Under the weights being trained, with gradient; nats, `[tokens]`.
        old_logprobs: Under the policy that sampled; nats, `[tokens]`.
        token_advantages: Â_t; `[tokens]`.
        shares: Weight of each token in the mean, from `token_shares`; `[tokens]`.
        clip_low: ρ is cut below at 1 - clip_low.
        clip_high: ρ is cut above at 1 + clip_high.
        dual_clip: Bound, above 1, on ρ where Â < 0 (arXiv 1912.09729), or None for none.
    """
    ratio = importance_ratio(policy_logprobs, old_logprobs)
    unclipped = ratio * token_advantages
    bounded = ratio.clamp(1 - clip_low, 1 + clip_high) * token_advantages
    objective = torch.minimum(unclipped, bounded)
    clipped = bounded < unclipped
    if dual_clip is not None:
        floor = dual_clip * token_advantages
        cut = (token_advantages < 0) & (objective < floor)
        objective = torch.where(cut, floor, objective)
        clipped = clipped | cut
    return PolicyLoss(-(objective * shares).sum(), ratio.detach(), clipped)


def weighted_policy_loss(
    policy_logprobs: Tensor,
    old_logprobs: Tensor,
    token_advantages: Tensor,
    shares: Tensor,
    *,
    clip_low: float,
    clip_high: float,
) -> PolicyLoss:
    """CISPO's loss: the likelihood, weighed by the advantage and the bounded ratio.

    L = -mean sg(clip(ρ_t, 1 - ε_low, 1 + ε_high)) Â_t log π_θ (arXiv 2506.13585; docs/method.md,
    eq. 50). A bound changes the size of a token's gradient and takes none away. The arguments are
    those of `clipped_policy_loss`.
    """
    ratio = importance_ratio(policy_logprobs, old_logprobs).detach()
    weights = ratio.clamp(1 - clip_low, 1 + clip_high)
    objective = weights * token_advantages * policy_logprobs
    return PolicyLoss(-(objective * shares).sum(), ratio, weights != ratio)
