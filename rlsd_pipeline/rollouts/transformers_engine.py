"""Sampling in this process with transformers: each prompt is run once for its whole group."""

import hashlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from transformers import TopKLogitsWarper, TopPLogitsWarper

from rlsd_pipeline.models.logprobs import next_token_logits
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.prefix import collate, extend, prefill, spread
from rlsd_pipeline.rollouts.engine import Completion, Progress, SamplingRequest
from schemas import FinishReason


def uniforms(seed: int, key: str, sample_index: int, count: int) -> np.ndarray:
    """`count` uniform numbers that belong to one response, whatever else is in its batch."""
    digest = hashlib.sha256(f"{seed}/{key}/{sample_index}".encode()).digest()
    generator = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
    return generator.random(count)


def _draw(logprobs: Tensor, uniform: Tensor) -> Tensor:
    """Inverse-transform sampling: the first token whose cumulated probability tops `uniform`."""
    cumulative = logprobs.double().exp().cumsum(-1)
    threshold = uniform[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, threshold, right=True).squeeze(-1)


def _likely(logprobs: Tensor, request: SamplingRequest) -> Tensor:
    """What a token may be drawn from; the order of the two cuts is that of `generate`."""
    no_ids = torch.empty(0, dtype=torch.long)
    if request.top_k is not None:
        logprobs = TopKLogitsWarper(request.top_k)(no_ids, logprobs)
    if request.top_p < 1:
        logprobs = TopPLogitsWarper(request.top_p)(no_ids, logprobs)
    return logprobs


class TransformersEngine:
    """The default engine: any transformers model, any machine.

    Args:
        batch_prompts: Prompts decoded together; it changes memory and speed, never the draw.
    """

    def __init__(self, batch_prompts: int = 64) -> None:
        self.batch_prompts = batch_prompts

    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None = None
    ) -> list[Completion]:
        """Sample `group_size` completions of each prompt, prompt after prompt."""
        completions: list[Completion] = []
        for start in range(0, len(request.prompts), self.batch_prompts):
            stop = start + self.batch_prompts
            part = request._replace(
                prompts=request.prompts[start:stop], keys=request.keys[start:stop]
            )
            completions += _sample_batch(policy, part, progress)
        return completions


@torch.no_grad()
def _sample_batch(
    policy: Policy, request: SamplingRequest, progress: Progress | None
) -> list[Completion]:
    owners = torch.arange(len(request.prompts)).repeat_interleave(request.group_size)
    noise = torch.tensor(
        np.stack(
            [
                uniforms(request.seed, key, index, request.max_tokens)
                for key in request.keys
                for index in range(request.group_size)
            ]
        )
    )
    ids, logprobs = [], []
    ended = torch.zeros(len(owners), dtype=torch.bool)
    for tokens, chosen in _decode(policy, request, owners, noise):
        ids.append(tokens)
        logprobs.append(chosen)
        if progress is not None:
            progress(int((~ended).sum()))
        ended |= torch.isin(tokens, torch.tensor(policy.end_token_ids))
        if ended.all():
            break
    return _cut(torch.stack(ids, 1), torch.stack(logprobs, 1), policy.end_token_ids)


def _decode(
    policy: Policy, request: SamplingRequest, owners: Tensor, noise: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Token by token: the ids and their log-probabilities, `[responses]` each."""
    prefix = spread(prefill(policy.model, collate(request.prompts)), owners)
    hidden = prefix.last_hidden
    for step in range(request.max_tokens):
        logits = next_token_logits(policy, hidden, request.temperature or 1.0)
        logprobs = logits.log_softmax(-1)
        if request.temperature:
            tokens = _draw(_likely(logprobs, request), noise[:, step])
        else:
            tokens = logprobs.argmax(-1)
        yield tokens, logprobs.gather(-1, tokens[:, None]).squeeze(-1)
        mask = torch.ones(len(owners), step + 1, dtype=torch.long)
        hidden = extend(policy.model, prefix, tokens[:, None], mask, start=step)[:, 0]


def _cut(ids: Tensor, logprobs: Tensor, end_token_ids: tuple[int, ...]) -> list[Completion]:
    """End each response after its first end token."""
    completions = []
    is_end = torch.isin(ids, torch.tensor(end_token_ids))
    for row, values, ends in zip(ids.tolist(), logprobs.tolist(), is_end.tolist(), strict=True):
        length = ends.index(True) + 1 if True in ends else len(row)
        reason = FinishReason.STOP if True in ends else FinishReason.LENGTH
        completions.append(Completion(row[:length], values[:length], reason))
    return completions
