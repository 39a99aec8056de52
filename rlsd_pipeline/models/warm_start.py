"""The supervised warm start: teach the answer format, perception and the use of a reference.

The warm start decides how the policy speaks when it sees a reference, and so what a privileged
teacher can leak later. A demonstration with a reference is shown the answer that it arrives at
itself, right or wrong. So the teacher's distribution is p(response | problem, its answer), the
posterior of the theory (Theorem 1), and mentioning a reference gains nothing.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import torch

from rlsd_pipeline.config.model import DemonstrationNoise, TinyQwen3VL, WarmStartConfig
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.data.demonstrations import Demonstration, Demonstrations
from rlsd_pipeline.models.logprobs import ScoringBatch, flat_completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer

StepProgress = Callable[[int, float], None]
"""Told the step and its loss."""


def warm_start(
    config: TinyQwen3VL,
    prompts: PromptsConfig,
    demonstrations: Demonstrations,
    progress: StepProgress | None = None,
) -> Policy:
    """Build the tiny policy and train it on demonstrations; deterministic for a seed."""
    rng = random.Random(f"warm-start/{config.seed}")
    pool = demonstrations.questions(config.seed)
    noise = config.warm_start.noise
    policy = build_policy(config, learn_tokenizer(config, prompts, demonstrations))

    clean = noise.model_copy(update={"wrong_comparison": 0.0, "wrong_negation": 0.0})

    def batch(step: int) -> list[Demonstration]:
        level = clean if step < config.warm_start.clean_share * config.warm_start.steps else noise
        chosen = rng.choices(pool, k=config.warm_start.batch_size)
        return [demonstrations.demonstrate(each, level, prompts, rng) for each in chosen]

    _train(policy, batch, config.warm_start, prompts.system, progress)
    return policy


def learn_tokenizer(
    config: TinyQwen3VL, prompts: PromptsConfig, demonstrations: Demonstrations
) -> Any:
    """The tokenizer that a warm start learns from its demonstrations; the same for every seed."""
    return train_tokenizer(_corpus(prompts, demonstrations), config.vocabulary)


def _corpus(prompts: PromptsConfig, demonstrations: Demonstrations) -> list[str]:
    """The corpus of the tokenizer: the same for every seed and noise.

    So all warm starts of an experiment share a vocabulary, and one can teach another.
    """
    rng, noise = random.Random("tokenizer"), DemonstrationNoise()
    questions = demonstrations.questions(seed=0)
    shown = [demonstrations.demonstrate(each, noise, prompts, rng) for each in questions]
    return [text for d in shown for text in (d.prompt, d.response)]


def _train(
    policy: Policy,
    batch: Callable[[int], Sequence[Demonstration]],
    config: WarmStartConfig,
    system: str | None,
    progress: StepProgress | None,
) -> None:
    optimizer = torch.optim.AdamW(policy.model.parameters(), lr=config.learning_rate)
    cosine = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.55 + 0.45 * math.cos(math.pi * step / config.steps)
    )
    for step in range(config.steps):
        loss = demonstration_loss(policy, batch(step), system)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.model.parameters(), 1.0)
        optimizer.step()
        cosine.step()
        if progress is not None:
            progress(step, loss.item())


def demonstration_loss(
    policy: Policy, batch: Sequence[Demonstration], system: str | None = None
) -> torch.Tensor:
    """Mean negative log-likelihood of the response tokens, nats a token."""
    end = [policy.tokenizer.eos_token_id]
    tokenize = policy.tokenizer
    scoring = ScoringBatch(
        prompts=[policy.encode(d.prompt, [d.image], system) for d in batch],
        owners=range(len(batch)),
        completion_ids=[tokenize(d.response).input_ids + end for d in batch],
    )
    return -flat_completion_logprobs(policy, scoring, temperature=1.0).mean()
