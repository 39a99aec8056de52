"""A training step with nothing around it: no artifact, no schema, no Dagster."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.scoring import score_responses
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer, update_policy
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class Asked(NamedTuple):
    """What one step is about.

    Attributes:
        prompts: Encoded for the student.
        teacher_prompts: The same with what is privileged; empty if no teacher is read.
        reward: Index of a prompt and a response to it -> its reward.
        keys: With `seed`, the randomness of each prompt's responses.
        seed: Of the draw.
    """

    prompts: Sequence[EncodedPrompt]
    teacher_prompts: Sequence[EncodedPrompt]
    reward: Callable[[int, Completion], float]
    keys: Sequence[str]
    seed: int


class Sizes(NamedTuple):
    """Responses a prompt, and the most tokens a response may have."""

    group: int
    tokens: int


def sample(
    policy: Policy,
    prompts: Sequence[EncodedPrompt],
    sizes: Sizes,
    keys: Sequence[str],
    seed: int = 0,
) -> list[Completion]:
    """A group of responses to each prompt."""
    request = SamplingRequest(prompts, keys, *sizes, temperature=1.0, seed=seed)
    return TransformersEngine().sample(policy, request)


def score(
    policy: Policy, prompts: Sequence[EncodedPrompt], ids: Sequence[list[int]]
) -> torch.Tensor:
    """Log-probabilities of all responses; `[tokens]`."""
    each = len(ids) // len(prompts)
    asked = [prompt for prompt in prompts for _ in range(each)]
    budget = UpdateConfig().micro_batch_tokens
    scored = score_responses(policy, asked, ids, temperature=1.0, micro_batch_tokens=budget)
    return torch.cat([one.logprobs for one in scored if one is not None])


def bare_step(
    policy: Policy,
    method: Weighting,
    sizes: Sizes,
    config: UpdateConfig,
    ask: Callable[[int], Asked],
) -> Callable[[], None]:
    """A function that asks, samples, rewards, weighs and makes one optimizer step."""
    optimizer = make_optimizer(policy, config)
    numbers = itertools.count()

    def step() -> None:
        number = next(numbers)
        asked = ask(number)
        completions = sample(policy, asked.prompts, sizes, asked.keys, asked.seed)
        ids = [completion.completion_ids for completion in completions]
        teacher = score(policy, asked.teacher_prompts, ids) if method.reads_teacher else None
        old = torch.tensor([p for c in completions for p in c.rollout_logprobs])
        rewards = [asked.reward(n // sizes.group, one) for n, one in enumerate(completions)]
        credit = credit_of(torch.tensor(rewards), sizes.group, ids, old, teacher)
        advantages = method.at_iteration(number).streams(credit)
        groups = update_groups(asked.prompts, ids, sizes.group, old, advantages)
        update_policy(policy, optimizer, groups, config, temperature=1.0, seed=number)

    return step


def credit_of(
    rewards: torch.Tensor,
    group: int,
    ids: Sequence[list[int]],
    student: torch.Tensor,
    teacher: torch.Tensor | None,
) -> Credit:
    """What a method reads of responses that stand group after group."""
    groups = torch.arange(len(ids)) // group
    rows = torch.arange(len(ids)).repeat_interleave(torch.tensor([len(one) for one in ids]))
    return Credit(
        rewards=rewards,
        correct=rewards > 0,
        advantages=Standardised().advantages(rewards.double(), groups).float(),
        groups=groups,
        informed=torch.ones(len(ids), dtype=torch.bool),
        rows=rows,
        reasoning=torch.ones(len(rows), dtype=torch.bool),
        student_logprobs=student,
        teacher_logprobs=teacher,
    )


def update_groups(
    prompts: Sequence[EncodedPrompt],
    ids: Sequence[list[int]],
    group: int,
    old: torch.Tensor,
    streams: TokenStreams,
) -> list[UpdateGroup]:
    """Each prompt with its responses and the part of the token arrays that is theirs."""
    advantages = streams.token_advantages
    assert advantages is not None
    found, start = [], 0
    for place, prompt in enumerate(prompts):
        own = list(ids[place * group : (place + 1) * group])
        end = start + sum(map(len, own))
        tokens = Tokens(old[start:end], TokenStreams(advantages[start:end]), None)
        found.append(UpdateGroup(prompt, own, tokens))
        start = end
    return found
