"""Samples the responses of one batch token by token in this process."""

import hashlib

import numpy as np
import torch
from torch import Tensor
from transformers import TopKLogitsWarper, TopPLogitsWarper

from rlsd_pipeline.models.logprobs import next_token_logits
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.decoding import begin
from rlsd_pipeline.rollouts.engine import Completion, Progress, SamplingRequest
from schemas import FinishReason

COMPACT_AT = 0.75
"""Share of responses still growing at which the others are dropped: dropping copies the cache, so
it has to pay for itself."""


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


def likely_tokens(logprobs: Tensor, request: SamplingRequest) -> Tensor:
    """The distribution to sample from; top-k and top-p are applied in the order of `generate`."""
    no_ids = torch.empty(0, dtype=torch.long)
    if request.top_k is not None:
        logprobs = TopKLogitsWarper(request.top_k)(no_ids, logprobs)
    if request.top_p < 1:
        logprobs = TopPLogitsWarper(request.top_p)(no_ids, logprobs)
    return logprobs


@torch.no_grad()
def decode_batch(
    policy: Policy, request: SamplingRequest, progress: Progress | None
) -> list[Completion]:
    """Sample a request whose responses all grow together."""
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
    ids = torch.zeros(len(owners), request.max_tokens, dtype=torch.long)
    logprobs = torch.zeros(len(owners), request.max_tokens)
    rows = begin(policy, request.prompts, owners, request.max_tokens)
    active, going = torch.arange(len(owners)), torch.ones(len(owners), dtype=torch.bool)
    for step in range(request.max_tokens):
        tokens, chosen = _next(policy, request, rows.hidden, noise[active, step])
        ids[active, step], logprobs[active, step] = tokens, chosen
        if progress is not None:
            progress(int(going.sum()))
        going &= ~torch.isin(tokens, torch.tensor(policy.end_token_ids))
        if not going.any() or step + 1 == request.max_tokens:
            break
        if going.sum() <= COMPACT_AT * len(going):
            kept = going.nonzero().squeeze(-1)
            rows.keep(kept)
            active, tokens, going = active[kept], tokens[kept], going[kept]
        rows.append(tokens)
    return _cut(ids[:, : step + 1], logprobs[:, : step + 1], policy.end_token_ids)


def _next(
    policy: Policy, request: SamplingRequest, hidden: Tensor, noise: Tensor
) -> tuple[Tensor, Tensor]:
    """The next token of each response and its log-probability; `[responses]` each."""
    logits = next_token_logits(policy, hidden, request.temperature or 1.0)
    logprobs = logits.log_softmax(-1)
    if request.temperature:
        tokens = _draw(likely_tokens(logprobs, request), noise)
    else:
        tokens = logprobs.argmax(-1)
    return tokens, logprobs.gather(-1, tokens[:, None]).squeeze(-1)


def _cut(ids: Tensor, logprobs: Tensor, end_token_ids: tuple[int, ...]) -> list[Completion]:
    """End each response after its first end token."""
    completions = []
    is_end = torch.isin(ids, torch.tensor(end_token_ids))
    for row, values, ends in zip(ids.tolist(), logprobs.tolist(), is_end.tolist(), strict=True):
        length = ends.index(True) + 1 if True in ends else len(row)
        reason = FinishReason.STOP if True in ends else FinishReason.LENGTH
        completions.append(Completion(row[:length], values[:length], reason))
    return completions
