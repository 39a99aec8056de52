"""One policy update: AdamW on the summed streams of a table of rollouts."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.config.divergence import StoredDivergence
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.logprobs import ScoringBatch, Support, flat_completion_logits
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.update.policy_loss import token_shares
from rlsd_pipeline.update.token_loss import TokenLoss, Tokens, token_loss
from rlsd_pipeline.weighting.method import TokenStreams


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
        clip fraction over the tokens that carry signal, and the number of optimizer steps.
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
            steps.append(_metrics(losses, batch, norm))
    metrics = {name: sum(step[name] for step in steps) / len(steps) for name in steps[0]}
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
    """Add the gradient of the mean loss over `groups`, some prompts at a time."""
    lengths = [torch.tensor([len(ids) for ids in g.completion_ids]) for g in groups]
    shares = token_shares(torch.cat(lengths), config.denominator)
    by_group = shares.split([int(length.sum()) for length in lengths])
    losses: list[TokenLoss] = []
    for start in range(0, len(groups), config.micro_batch_prompts):
        part = groups[start : start + config.micro_batch_prompts]
        part_shares = torch.cat(by_group[start : start + config.micro_batch_prompts])
        batch = ScoringBatch(
            prompts=[g.prompt for g in part],
            owners=[index for index, g in enumerate(part) for _ in g.completion_ids],
            completion_ids=[ids for g in part for ids in g.completion_ids],
        )
        logits, token_ids = flat_completion_logits(policy, batch, temperature)
        tokens = _joined([g.tokens for g in part])
        losses.append(token_loss(logits, token_ids, tokens, part_shares, config, divergence))
        losses[-1].loss.backward()
        if progress is not None:
            progress(len(token_ids))
    return losses


def _joined(parts: Sequence[Tokens]) -> Tokens:
    """The tokens of several groups as one flat list."""
    streams = TokenStreams(
        *(
            None if column[0] is None else torch.cat(column)
            for column in zip(*(part.streams for part in parts), strict=True)
        )
    )
    supports = [part.teacher for part in parts if part.teacher is not None]
    teacher = None
    if supports:
        teacher = Support(*(torch.cat(field) for field in zip(*supports, strict=True)))
    return Tokens(torch.cat([part.old_logprobs for part in parts]), streams, teacher)


def _metrics(
    losses: Sequence[TokenLoss], groups: Sequence[UpdateGroup], norm: Tensor
) -> dict[str, float]:
    ratio = torch.cat([loss.ratio for loss in losses])
    metrics = {"loss": sum(loss.loss.item() for loss in losses), "grad_norm": norm.item()}
    for name in losses[0].parts:
        metrics[name] = sum(loss.parts[name] for loss in losses)
    metrics["ratio_mean"] = ratio.mean().item() if len(ratio) else 1.0
    metrics["ratio_max"] = ratio.max().item() if len(ratio) else 1.0
    advantages = _joined([group.tokens for group in groups]).streams.token_advantages
    if advantages is not None:
        clipped = torch.cat([loss.clipped for loss in losses])[advantages != 0]
        metrics["clip_fraction"] = clipped.float().mean().item() if len(clipped) else 0.0
    return metrics
