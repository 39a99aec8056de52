"""One policy update: AdamW on the summed streams of a table of rollouts."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.config.divergence import StoredDivergence
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.batching import micro_batches
from rlsd_pipeline.models.logprobs import (
    ScoringBatch,
    flat_completion_hidden,
    next_token_logits,
    tokens_at_once,
)
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.update.engine_correction import engine_metrics
from rlsd_pipeline.update.shared_tokens import SharedTokens, join, with_shares
from rlsd_pipeline.update.token_loss import TokenLoss, Tokens, token_loss


class UpdateGroup(NamedTuple):
    """One prompt with its responses, as the update reads them.

    Attributes:
        prompt: The student's prompt.
        completion_ids: Token ids of each response.
        tokens: What is known of all their tokens, response after response.
    """

    prompt: EncodedPrompt
    completion_ids: Sequence[Sequence[int]]
    tokens: Tokens


def make_optimizer(policy: Policy, config: UpdateConfig) -> torch.optim.AdamW:
    """AdamW with the declared learning rate, betas and weight decay."""
    return torch.optim.AdamW(
        policy.model.parameters(),
        lr=config.learning_rate,
        betas=config.betas,
        weight_decay=config.weight_decay,
    )


def update_policy(
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    groups: Sequence[UpdateGroup],
    config: UpdateConfig,
    *,
    temperature: float,
    seed: int,
    divergence: StoredDivergence | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, float]:
    """Train the policy in place on one table of rollouts.

    Args:
        policy: Updated in place.
        optimizer: Of the policy's parameters; its state goes on from update to update.
        groups: The whole table.
        config: Losses, denominators, clipping, epochs.
        temperature: At which the rollouts were sampled.
        seed: Orders the groups where an epoch has several optimizer steps.
        divergence: What the distillation weights weigh, where there are any.
        progress: Told the number of response tokens learnt from.

    Returns:
        Metrics of the update: loss (unitless) with its components, grad_norm, ratio statistics,
        clip fraction over the tokens that carry signal, the number of optimizer steps, and, where
        another engine sampled the rollouts, those of `engine_metrics`.
    """
    order, rng = list(groups), random.Random(f"update/{seed}")
    size = config.prompts_per_step or len(order)
    steps: list[dict[str, float]] = []
    for _ in range(config.epochs):
        if size < len(order):
            rng.shuffle(order)
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            optimizer.zero_grad(set_to_none=True)
            losses = accumulate_gradients(
                policy, batch, config, divergence, temperature=temperature, progress=progress
            )
            parameters = policy.model.parameters()
            norm = torch.nn.utils.clip_grad_norm_(parameters, config.max_grad_norm)
            optimizer.step()
            steps.append(_metrics(losses, norm))
    metrics = {name: sum(step[name] for step in steps) / len(steps) for name in steps[0]}
    ratios = [ratios for group in groups if (ratios := group.tokens.engine_ratios) is not None]
    if ratios:
        metrics |= engine_metrics(torch.cat(ratios), config.engine_ratio_cap)
    return metrics | {"optimizer_steps": float(len(steps))}


def accumulate_gradients(
    policy: Policy,
    groups: Sequence[UpdateGroup],
    config: UpdateConfig,
    divergence: StoredDivergence | None,
    *,
    temperature: float,
    progress: Callable[[int], None] | None = None,
) -> list[TokenLoss]:
    """Add the gradient of the mean loss over `groups`, some responses at a time."""
    lengths = [[len(ids) for ids in group.completion_ids] for group in groups]
    learnt = with_shares([group.tokens for group in groups], lengths, config.denominator)
    losses: list[TokenLoss] = []
    for parts in micro_batches(
        [len(group.prompt.prompt_ids) for group in groups], lengths, config.micro_batch_tokens
    ):
        batch = ScoringBatch(
            prompts=[groups[part.group].prompt for part in parts],
            owners=[place for place, part in enumerate(parts) for _ in part.rows],
            completion_ids=[groups[p.group].completion_ids[row] for p in parts for row in p.rows],
        )
        tokens = join([learnt[part.group][row] for part in parts for row in part.rows])
        losses += _learn(policy, batch, tokens, config, divergence, temperature)
        if progress is not None:
            progress(len(tokens.shares))
    return losses


def _learn(
    policy: Policy,
    batch: ScoringBatch,
    tokens: SharedTokens,
    config: UpdateConfig,
    divergence: StoredDivergence | None,
    temperature: float,
) -> list[TokenLoss]:
    """Add the gradient of one micro-batch.

    The loss is a sum over tokens, so the gradient of the hidden states is gathered some tokens at
    a time, and the logits of no two pieces are ever held together.
    """
    hidden, token_ids = flat_completion_hidden(policy, batch)
    size = tokens_at_once(policy)
    losses, gradients = [], []
    # Once without any token as well, so that a batch of empty responses has its metrics.
    for start in range(0, max(len(token_ids), 1), size):
        piece = slice(start, start + size)
        leaf = hidden[piece].detach().requires_grad_()
        logits = next_token_logits(policy, leaf, temperature)
        some = tokens.at(piece)
        loss = token_loss(logits, token_ids[piece], some.tokens, some.shares, config, divergence)
        loss.loss.backward()
        losses.append(loss)
        gradients.append(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad)
    hidden.backward(torch.cat(gradients))
    return losses


def _metrics(losses: Sequence[TokenLoss], norm: Tensor) -> dict[str, float]:
    ratio = torch.cat([loss.ratio for loss in losses])
    metrics = {"loss": sum(loss.loss.item() for loss in losses), "grad_norm": norm.item()}
    for name in losses[0].parts:
        metrics[name] = sum(loss.parts[name] for loss in losses)
    metrics["ratio_mean"] = ratio.mean().item() if len(ratio) else 1.0
    metrics["ratio_max"] = ratio.max().item() if len(ratio) else 1.0
    clipped = [loss.clipped for loss in losses if loss.clipped is not None]
    if clipped:
        of_signal = torch.cat(clipped)
        metrics["clip_fraction"] = of_signal.float().mean().item() if len(of_signal) else 0.0
    return metrics
