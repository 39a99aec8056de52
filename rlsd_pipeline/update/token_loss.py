"""The loss of a set of tokens: the sum of the components whose stream is present.

    L = clipped surrogate(Â_t) + mean_t d_t min(ρ_t, bound) D_t + mean_t n_t (-log π_θ(y_t))
        + mean_t ½ a_t (log π_θ(y_t) - log π_0(y_t))²

with d_t the distillation weights, D_t the divergence to the teacher, n_t the weights of the
likelihood, a_t the anchor weights and π_0 the base model. All use the same mean (`token_shares`),
and where another engine sampled the tokens, the same correction (`engine_correction.py`).
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.models.logprobs import Support, chosen_logprobs
from rlsd_pipeline.update.divergence import token_divergence
from rlsd_pipeline.update.engine_correction import engine_weights
from rlsd_pipeline.update.importance import importance_ratio
from rlsd_pipeline.update.policy_loss import (
    PolicyLoss,
    clipped_policy_loss,
    weighted_policy_loss,
)
from rlsd_pipeline.weighting.method import TokenStreams


class Tokens(NamedTuple):
    """A flat list of response tokens, before the policy runs.

    Attributes:
        old_logprobs: Under the policy that sampled; nats, `[tokens]`.
        streams: The components; `[tokens]` each.
        teacher: The teacher's stored distribution, or None where no stream needs it.
        engine_ratios: Their probability under the policy as scored over that under the engine that
            sampled; `[tokens]`, or None where the two are one engine.
        base_logprobs: Under the base model; nats, `[tokens]`, or None where no stream needs them.
    """

    old_logprobs: Tensor
    streams: TokenStreams
    teacher: Support | None
    engine_ratios: Tensor | None = None
    base_logprobs: Tensor | None = None

    def at(self, places: slice | Tensor) -> Self:
        """Some of the tokens: a stretch of them, or those at some indices."""
        streams = (None if column is None else column[places] for column in self.streams)
        teacher, ratios, base = self.teacher, self.engine_ratios, self.base_logprobs
        return self._replace(
            old_logprobs=self.old_logprobs[places],
            streams=TokenStreams(*streams),
            teacher=None if teacher is None else Support(*(field[places] for field in teacher)),
            engine_ratios=None if ratios is None else ratios[places],
            base_logprobs=None if base is None else base[places],
        )


class TokenLoss(NamedTuple):
    """A loss and what it was made of.

    Attributes:
        loss: Scalar to minimise.
        parts: Value of each component by name, without gradient.
        ratio: ρ_t without gradient; `[tokens]`.
        clipped: True where a bound changed the policy gradient of a token; `[tokens with an
            advantage]`, None where no stream has advantages.
    """

    loss: Tensor
    parts: dict[str, float]
    ratio: Tensor
    clipped: Tensor | None


def token_loss(
    logits: Tensor,
    token_ids: Tensor,
    tokens: Tokens,
    shares: Tensor,
    config: UpdateConfig,
    divergence: StoredDivergence | None,
) -> TokenLoss:
    """The summed components.

    Args:
        logits: The policy's, with gradient; `[tokens, vocabulary]`.
        token_ids: The responses' own tokens; `[tokens]`.
        tokens: What else is known of them.
        shares: Weight of each token in the mean; `[tokens]`.
        config: Clipping, and the bound of the correction between engines.
        divergence: What `distillation_weights` weigh.
    """
    if tokens.engine_ratios is not None and config.engine_ratio_cap is not None:
        shares = shares * engine_weights(tokens.engine_ratios, config.engine_ratio_cap)
    policy_logprobs = chosen_logprobs(logits, token_ids)
    ratio = importance_ratio(policy_logprobs, tokens.old_logprobs).detach()
    clipped = None
    components: dict[str, Tensor] = {}
    streams = tokens.streams
    if streams.token_advantages is not None:
        surrogate = _surrogate(policy_logprobs, tokens, streams.token_advantages, shares, config)
        components["policy_gradient"] = surrogate.loss
        clipped = surrogate.clipped[streams.token_advantages != 0]
    if streams.distillation_weights is not None:
        if tokens.teacher is None or divergence is None:
            raise ValueError("distillation_weights need the teacher's distribution: score it")
        weights = streams.distillation_weights * shares
        if config.distillation_ratio_clip is not None:
            weights = weights * ratio.clamp(max=config.distillation_ratio_clip)
        components["distillation"] = (
            weights * token_divergence(divergence, tokens.teacher, logits)
        ).sum()
    if streams.nll_weights is not None:
        components["nll"] = -(streams.nll_weights * shares * policy_logprobs).sum()
    if streams.anchor_weights is not None:
        if tokens.base_logprobs is None:
            raise ValueError("anchor_weights need `base_logprobs`: let the method read them")
        apart = policy_logprobs - tokens.base_logprobs
        components["anchor"] = (streams.anchor_weights * shares * apart.square() / 2).sum()
    loss = torch.stack(list(components.values())).sum()
    parts = {f"loss_{name}": value.item() for name, value in components.items()}
    return TokenLoss(loss, parts, ratio, clipped)


def _surrogate(
    policy_logprobs: Tensor,
    tokens: Tokens,
    token_advantages: Tensor,
    shares: Tensor,
    config: UpdateConfig,
) -> PolicyLoss:
    bounds = {"clip_low": config.clip_low, "clip_high": config.clip_high}
    old = tokens.old_logprobs
    if config.clipping == "weight":
        return weighted_policy_loss(policy_logprobs, old, token_advantages, shares, **bounds)
    return clipped_policy_loss(
        policy_logprobs, old, token_advantages, shares, **bounds, dual_clip=config.dual_clip
    )
