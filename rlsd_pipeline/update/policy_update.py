"""One policy update: AdamW on the summed streams of a table of rollouts."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.logprobs import ScoringBatch, flat_completion_logprobs
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.update.policy_loss import PolicyLoss, clipped_policy_loss, token_shares


class UpdateGroup(NamedTuple):
    """One prompt with its responses, as the update reads them.

    Attributes:
        prompt: The student's prompt.
        completion_ids: Token ids of each response.
        old_logprobs: Under the policy that sampled, of each response's tokens; nats.
        token_advantages: Â of each response's tokens.
    """

    prompt: EncodedPrompt
    completion_ids: Sequence[Sequence[int]]
    old_logprobs: Sequence[Sequence[float]]
    token_advantages: Sequence[Sequence[float]]


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
        progress: Told the number of response tokens learnt from.

    Returns:
        Metrics of the update: loss (unitless), grad_norm, ratio statistics, clip fraction over the
        tokens that carry signal, and the number of optimizer steps.
    """
    order, rng = list(groups), random.Random(f"update/{seed}")
    size = config.prompts_per_step or len(order)
    steps: list[dict[str, float]] = []
    for _ in range(config.epochs):
        if size < len(order):
            rng.shuffle(order)
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            steps.append(_step(policy, optimizer, batch, config, temperature, progress))
    metrics = {name: sum(step[name] for step in steps) / len(steps) for name in steps[0]}
    return metrics | {"optimizer_steps": float(len(steps))}


def _step(
    policy: Policy,
    optimizer: torch.optim.Optimizer,
    groups: Sequence[UpdateGroup],
    config: UpdateConfig,
    temperature: float,
    progress: Callable[[int], None] | None,
) -> dict[str, float]:
    lengths = [torch.tensor([len(ids) for ids in g.completion_ids]) for g in groups]
    shares = token_shares(torch.cat(lengths), config.denominator)
    by_group = shares.split([int(length.sum()) for length in lengths])
    optimizer.zero_grad(set_to_none=True)
    losses: list[PolicyLoss] = []
    signal: list[Tensor] = []
    for start in range(0, len(groups), config.micro_batch_prompts):
        part = groups[start : start + config.micro_batch_prompts]
        part_shares = torch.cat(by_group[start : start + config.micro_batch_prompts])
        result, advantages = _micro_batch(policy, part, part_shares, config, temperature)
        result.loss.backward()
        losses.append(result)
        signal.append(advantages != 0)
        if progress is not None:
            progress(len(advantages))
    norm = torch.nn.utils.clip_grad_norm_(policy.model.parameters(), config.max_grad_norm)
    optimizer.step()
    return _metrics(losses, signal, norm)


def _micro_batch(
    policy: Policy,
    groups: Sequence[UpdateGroup],
    shares: Tensor,
    config: UpdateConfig,
    temperature: float,
) -> tuple[PolicyLoss, Tensor]:
    batch = ScoringBatch(
        prompts=[g.prompt for g in groups],
        owners=[index for index, g in enumerate(groups) for _ in g.completion_ids],
        completion_ids=[ids for g in groups for ids in g.completion_ids],
    )
    advantages = torch.tensor([a for g in groups for row in g.token_advantages for a in row])
    old = torch.tensor([p for g in groups for row in g.old_logprobs for p in row])
    result = clipped_policy_loss(
        flat_completion_logprobs(policy, batch, temperature),
        old,
        advantages,
        shares,
        clip_low=config.clip_low,
        clip_high=config.clip_high,
        dual_clip=config.dual_clip,
    )
    return result, advantages


def _metrics(
    losses: Sequence[PolicyLoss], signal: Sequence[Tensor], norm: Tensor
) -> dict[str, float]:
    ratio = torch.cat([loss.ratio for loss in losses])
    carries = torch.cat(list(signal))
    clipped = torch.cat([loss.clipped for loss in losses])[carries]
    return {
        "loss": sum(loss.loss.item() for loss in losses),
        "grad_norm": norm.item(),
        "ratio_mean": ratio.mean().item() if len(ratio) else 1.0,
        "ratio_max": ratio.max().item() if len(ratio) else 1.0,
        "clip_fraction": clipped.float().mean().item() if len(clipped) else 0.0,
    }
