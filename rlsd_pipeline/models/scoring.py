"""Scoring a table of responses, some prompts at a time, each prompt run once for its responses."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.models.batching import micro_batches
from rlsd_pipeline.models.logprobs import (
    ScoringBatch,
    Support,
    chosen_logprobs,
    flat_completion_hidden,
    likeliest,
    next_token_logits,
    on_support,
    tokens_at_once,
)
from rlsd_pipeline.models.policy import EncodedPrompt, Policy


class Span(NamedTuple):
    """Some tokens of one response.

    Attributes:
        row: Index of the response.
        start: Its first token here.
        stop: One past the last.
    """

    row: int
    start: int
    stop: int


Keep = Callable[[Tensor, Sequence[Span]], Support]
"""Logits `[tokens, vocabulary]` and which tokens they predict -> what of them is kept."""


class Scored(NamedTuple):
    """One response under a policy.

    Attributes:
        logprobs: Of its tokens, nats; `[tokens]`.
        support: What was kept of the distribution at each token, if anything.
    """

    logprobs: Tensor
    support: Support | None


def keep_likeliest(count: int | None) -> Keep:
    """The `count` likeliest entries of whoever scores, or all that are not suppressed."""

    def keep(logits: Tensor, spans: Sequence[Span]) -> Support:
        return on_support(logits, likeliest(logits, count))

    return keep


def keep_entries_of(scored: Sequence[Scored]) -> Keep:
    """The entries that another pass over the same responses kept."""

    def keep(logits: Tensor, spans: Sequence[Span]) -> Support:
        supports = [(scored[row].support, start, stop) for row, start, stop in spans]
        ids = [support.ids[start:stop] for support, start, stop in supports if support is not None]
        return on_support(logits, torch.cat(ids))

    return keep


@torch.no_grad()
def score_responses(
    policy: Policy,
    prompts: Sequence[EncodedPrompt | None],
    completion_ids: Sequence[Sequence[int]],
    *,
    temperature: float,
    micro_batch_tokens: int,
    keep: Keep | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Scored | None]:
    """Score each response after its prompt.

    Args:
        policy: Who scores.
        prompts: The prompt of each response, one object for all that share it; None leaves a
            response out. `[responses]`
        completion_ids: Their token ids.
        temperature: At which they were sampled.
        micro_batch_tokens: Of prompts and responses run together; it changes memory and speed only.
        keep: Says what to keep of each distribution.
        progress: Told the number of responses scored.
    """
    members: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        if prompt is not None:
            members.setdefault(id(prompt), []).append(row)
    owners = list(members.values())
    asked = [prompt for rows in owners if (prompt := prompts[rows[0]]) is not None]
    results: list[Scored | None] = [None] * len(prompts)
    for parts in micro_batches(
        [len(prompt.prompt_ids) for prompt in asked],
        [[len(completion_ids[row]) for row in rows] for rows in owners],
        micro_batch_tokens,
    ):
        rows = [owners[part.group][place] for part in parts for place in part.rows]
        batch = ScoringBatch(
            prompts=[asked[part.group] for part in parts],
            owners=[place for place, part in enumerate(parts) for _ in part.rows],
            completion_ids=[completion_ids[row] for row in rows],
        )
        for row, scored in zip(rows, _score(policy, batch, temperature, rows, keep), strict=True):
            results[row] = scored
        if progress is not None:
            progress(len(rows))
    return results


def _score(
    policy: Policy,
    batch: ScoringBatch,
    temperature: float,
    rows: Sequence[int],
    keep: Keep | None,
) -> list[Scored]:
    hidden, token_ids = flat_completion_hidden(policy, batch)
    size = tokens_at_once(policy)
    logprobs, supports = [], []
    for start in range(0, len(token_ids), size):
        piece = slice(start, start + size)
        logits = next_token_logits(policy, hidden[piece], temperature)
        logprobs.append(chosen_logprobs(logits, token_ids[piece]).clamp(max=0.0))
        if keep is not None:
            supports.append(keep(logits, spans_between(rows, batch.completion_ids, start, size)))
    lengths = [len(ids) for ids in batch.completion_ids]
    by_row = (torch.cat(logprobs) if logprobs else hidden.new_zeros(0)).split(lengths)
    if not supports:
        return [Scored(values, None) for values in by_row]
    joined = Support(*(torch.cat(field) for field in zip(*supports, strict=True)))
    parts = zip(*(field.split(lengths) for field in joined), strict=True)
    return [Scored(values, Support(*part)) for values, part in zip(by_row, parts, strict=True)]


def spans_between(
    rows: Sequence[int], completion_ids: Sequence[Sequence[int]], start: int, count: int
) -> list[Span]:
    """Which tokens of which responses stand from place `start` on in the list of all tokens."""
    spans, offset = [], 0
    for row, ids in zip(rows, completion_ids, strict=True):
        first, last = max(start - offset, 0), min(start + count - offset, len(ids))
        if first < last:
            spans.append(Span(row, first, last))
        offset += len(ids)
    return spans
