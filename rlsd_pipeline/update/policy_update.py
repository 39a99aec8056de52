"""One policy update: AdamW on the summed streams of a table of rollouts."""

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.errors import TrainingError
from rlsd_pipeline.models.logprobs import (
    ScoringBatch,
    flat_completion_hidden,
    next_token_logits,
    tokens_at_once,
)
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.update.devices import Devices, OneDevice, Responses, Turn
from rlsd_pipeline.update.engine_correction import engine_metrics
from rlsd_pipeline.update.metrics import step_metrics
from rlsd_pipeline.update.shared_tokens import SharedTokens, join, weightless, with_shares
from rlsd_pipeline.update.token_loss import TokenLoss, Tokens, token_loss
from rlsd_pipeline.update.whole_responses import (
    after_moving,
    logprobs_without_gradient,
    reads_whole_responses,
)

ONE_DEVICE = OneDevice()


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
    """AdamW with the declared learning rate, betas and weight decay, on what is trained."""
    optimizer = torch.optim.AdamW(
        policy.trained.values(),
        lr=config.learning_rate,
        betas=config.betas,
        weight_decay=config.weight_decay,
    )
    if (masters := policy.masters) is not None:
        optimizer.register_step_post_hook(lambda *_: masters.publish())
    return optimizer


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
    devices: Devices = ONE_DEVICE,
) -> dict[str, float]:
    """Train the policy in place on one table of rollouts.

    Args:
        policy: Updated in place.
        optimizer: Optimizer of the policy's parameters; its state goes on from update to update.
        groups: The whole table.
        config: Losses, denominators, clipping, epochs.
        temperature: At which the rollouts were sampled.
        seed: Orders the groups where an epoch has several optimizer steps.
        divergence: What the distillation weights weigh, where there are any.
        progress: Told the number of response tokens learnt from.
        devices: The processes that share the update; each has the whole table.

    Returns:
        Metrics of the update, over all processes: loss (unitless) with its components, grad_norm,
        ratio statistics, clip fraction over the tokens that carry signal, the number of optimizer
        steps, and, where another engine sampled the rollouts, those of `engine_metrics`.

    Raises:
        TrainingError: A loss or a gradient is not finite; the optimizer has not used it.
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
                policy,
                batch,
                config,
                divergence,
                temperature=temperature,
                progress=progress,
                devices=devices,
            )
            norm = devices.clip(policy.trained.values(), config.max_grad_norm)
            measured = step_metrics(losses, norm, devices)
            _require_finite(measured, len(steps) + 1)
            optimizer.step()
            steps.append(measured)
    metrics = {name: sum(step[name] for step in steps) / len(steps) for name in steps[0]}
    ratios = [ratios for group in groups if (ratios := group.tokens.engine_ratios) is not None]
    if ratios:
        metrics |= engine_metrics(torch.cat(ratios), config.engine_ratio_cap)
    return metrics | {"optimizer_steps": float(len(steps))}


def _require_finite(measured: dict[str, float], step: int) -> None:
    """Stop before the optimizer step; every process has measured the same.

    Raises:
        TrainingError: Names what is not finite.
    """
    wrong = {name: value for name, value in measured.items() if not math.isfinite(value)}
    if wrong:
        found = ", ".join(f"{name} is {value}" for name, value in wrong.items())
        raise TrainingError(
            f"optimizer step {step} of the update would turn the weights into nan: {found}. The "
            "step was not taken, and the policy before the update is kept. Most often the learning "
            "rate is too high (update.learning_rate), or the policy itself overflows in bfloat16: "
            "go on from an earlier iteration with a lower rate, or with float32"
        )


def accumulate_gradients(
    policy: Policy,
    groups: Sequence[UpdateGroup],
    config: UpdateConfig,
    divergence: StoredDivergence | None,
    *,
    temperature: float,
    progress: Callable[[int], None] | None = None,
    devices: Devices = ONE_DEVICE,
    learnt: Sequence[Sequence[SharedTokens]] | None = None,
) -> list[TokenLoss]:
    """Add the gradient of the mean loss over `groups`, some responses at a time.

    Args:
        policy: The policy whose gradients are accumulated.
        groups: What is learnt from.
        config: Losses, denominators, clipping.
        divergence: What the distillation weights weigh.
        temperature: At which the rollouts were sampled.
        progress: Told the number of response tokens learnt from.
        devices: The processes that share the step.
        learnt: The tokens of `groups` with their weight in a larger mean, from `shared_tokens`;
            None takes the mean over `groups`.

    Returns:
        The losses of this process's share.
    """
    learnt = shared_tokens(groups, config) if learnt is None else learnt
    lengths = _lengths(groups)
    responses = Responses([group.prompt for group in groups], lengths)
    losses: list[TokenLoss] = []
    for turn in devices.turns(responses, config.micro_batch_tokens):
        batch, tokens = _micro_batch(policy, groups, learnt, turn)
        losses += _learn(policy, batch, tokens, config, divergence, temperature, devices)
        if progress is not None:
            progress(turn.tokens)
    return losses


def shared_tokens(groups: Sequence[UpdateGroup], config: UpdateConfig) -> list[list[SharedTokens]]:
    """The tokens of each response of each group, with their weight in the mean over all."""
    tokens = [group.tokens for group in groups]
    return with_shares(tokens, _lengths(groups), config.denominator, config.response_tokens)


def _lengths(groups: Sequence[UpdateGroup]) -> list[list[int]]:
    return [[len(ids) for ids in group.completion_ids] for group in groups]


def _micro_batch(
    policy: Policy,
    groups: Sequence[UpdateGroup],
    learnt: Sequence[Sequence[SharedTokens]],
    turn: Turn,
) -> tuple[ScoringBatch, SharedTokens]:
    parts = turn.parts
    prompts = [groups[part.group].prompt for part in parts]
    owners = [place for place, part in enumerate(parts) for _ in part.rows]
    completion_ids = [groups[part.group].completion_ids[row] for part in parts for row in part.rows]
    tokens = [learnt[part.group][row] for part in parts for row in part.rows]
    if turn.stand_in is not None:
        group, count = turn.stand_in
        completion_ids.append([policy.tokenizer.eos_token_id] * count)
        owners.append(len(prompts))
        prompts.append(groups[group].prompt)
        tokens.append(weightless(groups[group].tokens, count))
    return ScoringBatch(prompts, owners, completion_ids), join(tokens)


def _learn(
    policy: Policy,
    batch: ScoringBatch,
    tokens: SharedTokens,
    config: UpdateConfig,
    divergence: StoredDivergence | None,
    temperature: float,
    devices: Devices,
) -> list[TokenLoss]:
    """Add the gradient of one micro-batch.

    The loss is a sum over tokens, so the gradient of the hidden states is gathered some tokens at
    a time, and the logits of no two pieces are ever held together.
    """

    def forward() -> tuple[Tensor, Tensor, list[TokenLoss]]:
        hidden, token_ids = flat_completion_hidden(policy, batch)
        every, size = tokens.to(hidden.device), tokens_at_once(policy)
        if reads_whole_responses(config):
            moved = logprobs_without_gradient(policy, hidden, token_ids, temperature)
            lengths = torch.tensor([len(i) for i in batch.completion_ids], device=hidden.device)
            every = every._replace(tokens=after_moving(every.tokens, moved, lengths, config))
        losses, gradients = [], []
        # Once without any token as well, so that a batch of empty responses has its metrics.
        for start in range(0, max(len(token_ids), 1), size):
            piece = slice(start, start + size)
            leaf = hidden[piece].detach().requires_grad_()
            logits = next_token_logits(policy, leaf, temperature)
            some = every.at(piece)
            loss = token_loss(
                logits, token_ids[piece], some.tokens, some.shares, config, divergence
            )
            loss.loss.backward()
            losses.append(loss._replace(ratio=loss.ratio[some.shares > 0]))
            gradients.append(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad)
        return hidden, torch.cat(gradients), losses

    hidden, gradient, losses = devices.run(policy.model, forward)
    hidden.backward(gradient)
    return losses
