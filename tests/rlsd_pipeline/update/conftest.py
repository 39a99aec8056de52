"""Groups with all three streams, and one update of them done slowly."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.models.logprobs import Support
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.update.policy_update import UpdateGroup
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams

TEMPERATURE = 0.8
DIVERGENCE = JSD(beta=0.3, top_k=5)

Naive = Callable[..., Tensor]


def _support(logits: Tensor, size: int) -> Support:
    """Some entries of a distribution and the rest of it, by softmax and sums."""
    probabilities = logits.softmax(-1)
    ids = probabilities.topk(size, dim=-1).indices
    kept = probabilities.gather(-1, ids)
    return Support(ids, kept.log(), (1 - kept.sum(-1)).log())


@pytest.fixture(scope="session")
def groups(
    vision_policy: Policy,
    naive_logprobs: Naive,
    png: Callable[..., bytes],
    response_tokens: list[int],
) -> list[UpdateGroup]:
    """Four prompts with zero to two images, three responses each, some of one token."""
    rng, noise = random.Random(0), torch.Generator().manual_seed(0)
    questions = [
        ("is there a red circle?", [png(64, 64)]),
        ("what colour?", []),
        ("does the image contain a triangle?", [png(96, 32), png(64, 64, seed=1)]),
        ("shape?", [png(32, 96)]),
    ]
    vocabulary = vision_policy.model.get_output_embeddings().weight.shape[0]
    made = []
    for text, images in questions:
        prompt = vision_policy.encode(text, images)
        completions = [rng.choices(response_tokens, k=rng.randint(1, 6)) for _ in range(3)]
        with torch.no_grad():
            now = torch.cat(
                [naive_logprobs(vision_policy, prompt, ids, TEMPERATURE) for ids in completions]
            )
        count = len(now)
        streams = TokenStreams(
            token_advantages=torch.tensor([rng.choice([0.0, rng.gauss(0, 1)]) for _ in now]),
            distillation_weights=torch.tensor([rng.choice([0.0, 9.0]) for _ in now]),
            nll_weights=torch.tensor([rng.choice([0.0, 0.7]) for _ in now]),
            anchor_weights=torch.tensor([rng.choice([0.0, 0.4]) for _ in now]),
        )
        # Old log-probabilities off by up to 0.5 nats, so that the clip has something to do.
        old = now + torch.tensor([rng.uniform(-0.5, 0.5) for _ in now])
        theirs = 2 * torch.randn(count, vocabulary, generator=noise)
        theirs[:, list(vision_policy.suppressed_token_ids)] = float("-inf")
        teacher = _support(theirs, 5)
        base = now + torch.tensor([rng.uniform(-2.0, 2.0) for _ in now])
        tokens = Tokens(old, streams, teacher, base_logprobs=base)
        made.append(UpdateGroup(prompt, completions, tokens))
    return made


class Row(NamedTuple):
    """One response with what the update knows of its tokens."""

    prompt: EncodedPrompt
    completion_ids: Sequence[int]
    tokens: Tokens


def _rows(groups: Sequence[UpdateGroup]) -> Iterator[Row]:
    for group in groups:
        start = 0
        for ids in group.completion_ids:
            part, tokens = slice(start, start + len(ids)), group.tokens
            streams = TokenStreams(*(None if s is None else s[part] for s in tokens.streams))
            teacher = tokens.teacher and Support(*(field[part] for field in tokens.teacher))
            assert tokens.base_logprobs is not None
            base = tokens.base_logprobs[part]
            own = Tokens(tokens.old_logprobs[part], streams, teacher, base_logprobs=base)
            yield Row(group.prompt, ids, own)
            start += len(ids)


def _jensen_shannon(beta: float, teacher: Support, place: int, student: Tensor) -> Tensor:
    """As it is defined, in probabilities; `student` holds the log-probability of every token."""
    ids = teacher.ids[place].tolist()
    others = [token for token in range(len(student)) if token not in ids]
    kept = [*ids, None]
    total = torch.zeros(())
    for index, token in enumerate(kept):
        ours = student[others].exp().sum() if token is None else student[token].exp()
        logprob = teacher.tail[place] if token is None else teacher.logprobs[place, index]
        theirs = logprob.exp()
        mixture = beta * theirs + (1 - beta) * ours
        total = total + beta * theirs * (theirs / mixture).log()
        total = total + (1 - beta) * ours * (ours / mixture).log()
    return total


class _NaiveStep:
    """One step of the whole batch: every row on its own, one token after the other."""

    def __init__(self, policy: Policy, groups: Sequence[UpdateGroup], distributions: Naive) -> None:
        rows = list(_rows(groups))
        policy.model.zero_grad()
        self.parts = {"policy_gradient": 0.0, "distillation": 0.0, "nll": 0.0, "anchor": 0.0}
        self.ratios: list[float] = []
        self.clipped: list[bool] = []
        for prompt, ids, tokens in rows:
            table = distributions(policy, prompt, ids, TEMPERATURE)
            share = 1 / len(ids) / len(rows)
            parts = {name: torch.zeros(()) for name in self.parts}
            for place, token in enumerate(ids):
                ratio = (table[place, token] - tokens.old_logprobs[place]).exp()
                self.ratios.append(ratio.item())
                streams = TokenStreams(*(None if s is None else s[place] for s in tokens.streams))
                if streams.token_advantages is not None:
                    credit = streams.token_advantages
                    gained = torch.minimum(ratio * credit, ratio.clamp(0.8, 1.28) * credit)
                    parts["policy_gradient"] = parts["policy_gradient"] - share * gained
                    if credit != 0:
                        cut = ratio.item() > 1.28 if credit > 0 else ratio.item() < 0.8
                        self.clipped.append(cut)
                if streams.distillation_weights is not None and tokens.teacher is not None:
                    far = _jensen_shannon(DIVERGENCE.beta, tokens.teacher, place, table[place])
                    weight = share * streams.distillation_weights
                    parts["distillation"] = parts["distillation"] + weight * far
                if streams.nll_weights is not None:
                    likelihood = share * streams.nll_weights * table[place, token]
                    parts["nll"] = parts["nll"] - likelihood
                if streams.anchor_weights is not None and tokens.base_logprobs is not None:
                    apart = table[place, token] - tokens.base_logprobs[place]
                    pull = share * streams.anchor_weights * apart * apart / 2
                    parts["anchor"] = parts["anchor"] + pull
            for name, value in parts.items():
                self.parts[name] += value.item()
            torch.stack(list(parts.values())).sum().backward()
        self.loss = sum(self.parts.values())
        self.gradients = {
            name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
            for name, p in policy.model.named_parameters()
        }
        self.norm = math.sqrt(sum(g.square().sum().item() for g in self.gradients.values()))


@pytest.fixture(scope="session")
def naive_step(naive_distributions: Naive) -> Callable[..., _NaiveStep]:
    """Leaves the gradients of one step in the policy and says what the loss was made of."""

    def naive_step(policy: Policy, groups: Sequence[UpdateGroup]) -> _NaiveStep:
        return _NaiveStep(policy, groups, naive_distributions)

    return naive_step
