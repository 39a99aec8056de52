"""The importance ratio ρ_t: a token's probability under one policy over that under another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_LOG_RATIO = 20.0
"""Nats. A ratio beyond exp(±20) says only that the policies are unlike, and its exponential would
overflow: one absurd log-probability would turn the loss, and then all weights, into nan."""


def importance_ratio(logprobs: Tensor, old_logprobs: Tensor) -> Tensor:
    """ρ_t = exp(log π - log π_old), with log ρ_t held within ±`LARGEST_LOG_RATIO`; `[tokens]`.

    Gradients flow to both; beyond the bound there is none.

    Args:
        logprobs: Log-probabilities of each token under the policy in question; nats, `[tokens]`.
        old_logprobs: Of the same tokens under the policy compared with; nats, `[tokens]`.
    """
    return (logprobs - old_logprobs).clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO).exp()
