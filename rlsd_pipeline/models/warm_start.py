"""The supervised warm start: teach the answer format, perception and the use of a reference.

How the policy speaks when it sees a reference is decided here, and it shapes what a privileged
teacher can leak later. A demonstration with a reference is shown the answer it arrives at itself,
right or wrong, so the teacher's distribution is p(response | problem, its answer), the posterior
of the theory (Theorem 1), and mentioning a reference is worth nothing.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from rlsd_pipeline.config.model import DemonstrationNoise, TinyQwen3VL, WarmStartConfig
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.data import easy_vqa
from rlsd_pipeline.data.easy_vqa import Question
from rlsd_pipeline.models.logprobs import ScoringBatch, flat_completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer

MENTION = "the reference says {answer}. "

StepProgress = Callable[[int, float], None]
"""Told the step and its loss."""


class Demonstration(NamedTuple):
    """A prompt with an image, and the response to learn."""

    prompt: str
    image: bytes
    response: str


def demonstrate(
    question: Question, noise: DemonstrationNoise, prompts: PromptsConfig, rng: random.Random
) -> Demonstration:
    """One noisy demonstration of a train question, some with a reference in the prompt."""
    scene = easy_vqa.scenes("train")[question.image_id]
    reasoning, answer = easy_vqa.chain(scene, question), question.answer
    if question.closed:
        same = (question.asked in scene) != (rng.random() < noise.wrong_comparison)
        negates = question.negated and rng.random() >= noise.wrong_negation
        answer = "yes" if same != negates else "no"
        reasoning = easy_vqa.chain(scene, question, "same" if same else "different")
    prompt, kind = prompts.fill(prompts.student, question=question.text), rng.random()
    referred = kind < noise.with_answer + noise.with_solution
    if kind < noise.with_answer:
        prompt = prompts.fill(prompts.answer_reference, question=question.text, answer=answer)
    elif referred:
        prompt = prompts.fill(
            prompts.solution_reference, question=question.text, answer=answer, solution=reasoning
        )
    mention = MENTION.format(answer=answer) if referred and rng.random() < noise.mention else ""
    response = f"<think>{mention}{reasoning}</think><answer>{answer}</answer>"
    image = easy_vqa.image_bytes("train", question.image_id)
    return Demonstration(prompt, image, response)


def warm_start_questions(images: int, seed: int) -> list[Question]:
    """Train questions of the warm start's own images, every kind equally often."""
    allowed = sorted(easy_vqa.scenes("train"))[:images]
    return easy_vqa.draw("train", allowed, easy_vqa.capacity("train", allowed), seed)


def warm_start(
    config: TinyQwen3VL,
    prompts: PromptsConfig,
    images: int,
    progress: StepProgress | None = None,
) -> Policy:
    """Build the tiny policy and train it on demonstrations; deterministic for a seed."""
    rng = random.Random(f"warm-start/{config.seed}")
    pool = warm_start_questions(images, config.seed)
    noise = config.warm_start.noise
    policy = build_policy(config, learn_tokenizer(config, prompts, images))

    clean = noise.model_copy(update={"wrong_comparison": 0.0, "wrong_negation": 0.0})

    def batch(step: int) -> list[Demonstration]:
        level = clean if step < config.warm_start.clean_share * config.warm_start.steps else noise
        chosen = rng.choices(pool, k=config.warm_start.batch_size)
        return [demonstrate(question, level, prompts, rng) for question in chosen]

    _train(policy, batch, config.warm_start, prompts.system, progress)
    return policy


def learn_tokenizer(config: TinyQwen3VL, prompts: PromptsConfig, images: int) -> Any:
    """The tokenizer of a warm start on the first so many images; the same for every seed."""
    return train_tokenizer(_corpus(prompts, images), config.vocabulary)


def _corpus(prompts: PromptsConfig, images: int) -> list[str]:
    """What the tokenizer is learnt from: the same for every seed and noise.

    So all warm starts of an experiment share a vocabulary, and one can teach another.
    """
    rng, noise = random.Random("tokenizer"), DemonstrationNoise()
    shown = [demonstrate(q, noise, prompts, rng) for q in warm_start_questions(images, seed=0)]
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
