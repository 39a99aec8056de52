"""Ratios of whole responses once the policy has moved: GSPO and FIPO.

    GSPO   s = exp(mean_t (log π - log π_old)),   in place of ρ_t (docs/method.md, eq. 49)
    FIPO   f_t = clip(exp(Σ_{k>=t} γ^(k-t) (log π - log π_old)), ...),   times Â_t (eq. 51)

The loss is computed on some tokens at a time, so both are put into its inputs: s as
log-probabilities of an old policy whose ratio is s at every token, with each token's own gradient,
and f as a factor of the advantage. At the first step both change nothing.
"""

import torch
from torch import Tensor

from rlsd_pipeline.config.update import FutureKLConfig, UpdateConfig
from rlsd_pipeline.models.logprobs import chosen_logprobs, next_token_logits, tokens_at_once
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.importance import LARGEST_LOG_RATIO
from rlsd_pipeline.update.token_loss import Tokens


def reads_whole_responses(config: UpdateConfig) -> bool:
    """Whether an update needs more of a response than one token."""
    return config.clipping == "sequence" or config.future_kl is not None


@torch.no_grad()
def logprobs_without_gradient(
    policy: Policy, hidden: Tensor, token_ids: Tensor, temperature: float
) -> Tensor:
    """Log-probabilities under the policy, some tokens at a time; nats, `[tokens]`.

    Args:
        policy: The policy whose head reads the states.
        hidden: Hidden state of each token; `[tokens, size]`.
        token_ids: `[tokens]`.
        temperature: At which the rollouts were sampled.
    """
    found, size = [hidden.new_zeros(0, dtype=torch.float32)], tokens_at_once(policy)
    for start in range(0, len(token_ids), size):
        piece = slice(start, start + size)
        logits = next_token_logits(policy, hidden[piece], temperature)
        found.append(chosen_logprobs(logits, token_ids[piece]).float())
    return torch.cat(found)


def after_moving(
    tokens: Tokens, policy_logprobs: Tensor, lengths: Tensor, config: UpdateConfig
) -> Tokens:
    """The tokens with what their whole responses say of them.

    Args:
        tokens: Tokens of whole responses, one after the other.
        policy_logprobs: Under the weights being trained, without gradient; nats, `[tokens]`.
        lengths: Tokens of each response; `[responses]`.
        config: The settings of the update, which choose one of the two.
    """
    rows = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
    moves = (policy_logprobs - tokens.old_logprobs).clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
    advantages = tokens.streams.token_advantages
    if config.future_kl is not None and advantages is not None:
        weighed = advantages * future_influence(moves, rows, config.future_kl)
        tokens = tokens._replace(streams=tokens.streams._replace(token_advantages=weighed))
    if config.clipping != "sequence":
        return tokens
    means = moves.new_zeros(len(lengths)).index_add(0, rows, moves) / lengths.clamp(min=1)
    return tokens._replace(old_logprobs=policy_logprobs - means[rows])


def future_influence(moves: Tensor, rows: Tensor, config: FutureKLConfig) -> Tensor:
    """f_t of each token; `[tokens]`.

    Args:
        moves: log π - log π_old; nats, `[tokens]`.
        rows: Index of each token's response; `[tokens]`.
        config: Half-life and bounds.
    """
    discount, future, span = 2 ** (-1 / config.half_life), moves.clone(), 1
    longest = int(rows.bincount().max()) if len(rows) else 0
    # `future` holds the next `span` tokens, and each turn doubles them.
    while span < longest:
        further = discount**span * future[span:]
        future[:-span] += further.masked_fill(rows[span:] != rows[:-span], 0.0)
        span *= 2
    bounded = future.clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO).exp()
    return bounded.clamp(1 - config.below, 1 + config.above)
