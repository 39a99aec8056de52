"""Continues begun responses in this process; common prefixes run once.

The continuations of a prompt's states form a tree. Each node of it, a prompt with the first tokens
of some responses, is one row of the cache: a prompt is run once for all of its states, a state once
for all of its continuations, and continuations part only where they draw differently.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rlsd_pipeline.models.logprobs import next_token_logits
from rlsd_pipeline.models.model_inputs import without_last_tokens
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.rollouts.decoded_batch import COMPACT_AT, likely_tokens, uniforms
from rlsd_pipeline.rollouts.decoding import Rows, begin
from rlsd_pipeline.rollouts.engine import Completion, Progress, SamplingRequest
from schemas import FinishReason

_TOKENS = 1 << 32
"""More than any vocabulary has: node times this plus token names an edge of the tree."""


@torch.no_grad()
def decode_tree(
    policy: Policy, request: SamplingRequest, progress: Progress | None
) -> list[Completion]:
    """Sample a request of responses that have begun, all of them together."""
    begun, group = request.begun or [0] * len(request.prompts), request.group_size
    prompts, owners = _distinct(request.prompts, begun)
    rows = begin(policy, prompts, torch.arange(len(prompts)), request.max_tokens)
    ids = torch.zeros(len(owners), request.max_tokens, dtype=torch.long)
    for row, (prompt, count) in enumerate(zip(request.prompts, begun, strict=True)):
        ids[row, :count] = torch.tensor(prompt.prompt_ids[len(prompt.prompt_ids) - count :])
    ids, nodes = ids.repeat_interleave(group, 0), owners.repeat_interleave(group)
    first = torch.tensor(begun).repeat_interleave(group)
    logprobs, ends = torch.zeros(ids.shape), torch.zeros(len(ids), dtype=torch.long)
    noise, going = _noise(request), torch.arange(len(ids))
    for depth in range(request.max_tokens):
        drawing = going[first[going] <= depth]
        if len(drawing):
            uniform = noise[drawing, depth - first[drawing]]
            drawn = _drawn(policy, request, rows.hidden, nodes[drawing], uniform)
            ids[drawing, depth], logprobs[drawing, depth] = drawn
            over = torch.isin(drawn[0], torch.tensor(policy.end_token_ids))
            ends[drawing[over]] = depth + 1
            if progress is not None:
                progress(len(drawing))
        going = going[ends[going] == 0]
        if not len(going) or depth + 1 == request.max_tokens:
            break
        edges, member = (nodes[going] * _TOKENS + ids[going, depth]).unique(return_inverse=True)
        nodes[going] = _grow(rows, edges // _TOKENS, edges % _TOKENS)[member]
    return [
        _completion(*row)
        for row in zip(ids.tolist(), logprobs.tolist(), first.tolist(), ends.tolist(), strict=True)
    ]


def _distinct(
    prompts: Sequence[EncodedPrompt], begun: Sequence[int]
) -> tuple[list[EncodedPrompt], Tensor]:
    """The distinct prompts without the begun responses, and the prompt of each row."""
    known: dict[tuple[tuple[int, ...], tuple[bytes, ...]], int] = {}
    distinct: list[EncodedPrompt] = []
    owners = []
    for prompt, count in zip(prompts, begun, strict=True):
        tokens = len(prompt.prompt_ids)
        ids = prompt.prompt_ids[: tokens - count]
        key = tuple(ids), prompt.images
        if key not in known:
            known[key] = len(distinct)
            inputs = without_last_tokens(prompt.inputs, tokens, count)
            distinct.append(prompt._replace(prompt_ids=ids, inputs=inputs))
        owners.append(known[key])
    return distinct, torch.tensor(owners)


def _noise(request: SamplingRequest) -> Tensor:
    """Numbers that belong to a response, whatever its batch holds; `[responses, tokens]`."""
    group, most = request.group_size, max(request.budgets)
    noise = np.zeros((len(request.prompts), group, most))
    for row, (key, budget) in enumerate(zip(request.keys, request.budgets, strict=True)):
        noise[row, :, :budget] = uniforms(request.seed, key, 0, group * budget).reshape(group, -1)
    return torch.tensor(noise.reshape(-1, most))


def _drawn(
    policy: Policy, request: SamplingRequest, hidden: Tensor, nodes: Tensor, uniform: Tensor
) -> tuple[Tensor, Tensor]:
    """The next token of each response and its log-probability, the logits of a node made once."""
    distinct, member = nodes.unique(return_inverse=True)
    logits = next_token_logits(policy, hidden[distinct], request.temperature or 1.0)
    logprobs = logits.log_softmax(-1)
    if request.temperature:
        tokens = _by_node(likely_tokens(logprobs, request), member, uniform)
    else:
        tokens = logprobs.argmax(-1)[member]
    return tokens, logprobs[member, tokens]


def _by_node(logprobs: Tensor, member: Tensor, uniform: Tensor) -> Tensor:
    """Inverse-transform sampling, the numbers of one node beside each other; `[responses]`."""
    cumulative = logprobs.double().exp().cumsum(-1)
    counts = member.bincount(minlength=len(cumulative))
    order = member.argsort(stable=True)
    column = torch.empty_like(member)
    starts = (counts.cumsum(0) - counts)[member[order]]
    column[order] = torch.arange(len(member)) - starts
    numbers = torch.zeros(len(cumulative), int(counts.max()), dtype=torch.double)
    numbers[member, column] = uniform
    found = torch.searchsorted(cumulative, numbers * cumulative[:, -1:], right=True)
    return found[member, column]


def _grow(rows: Rows, parents: Tensor, tokens: Tensor) -> Tensor:
    """Add nodes below others; returns the row of each.

    Where no node parts and most of them go on, the cache is not copied.
    """
    count = len(rows.hidden)
    if len(parents) == len(parents.unique()) and len(parents) > COMPACT_AT * count:
        every = torch.zeros(count, dtype=torch.long)
        every[parents] = tokens
        rows.append(every)
        return parents
    rows.keep(parents)
    rows.append(tokens)
    return torch.arange(len(parents))


def _completion(ids: list[int], logprobs: list[float], first: int, end: int) -> Completion:
    reason = FinishReason.STOP if end else FinishReason.LENGTH
    until = end or len(ids)
    return Completion(ids[first:until], logprobs[first:until], reason)
