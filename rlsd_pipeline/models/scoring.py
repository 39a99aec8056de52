"""Scoring a table of responses, some prompts at a time, each prompt run once for its responses."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rlsd_pipeline.models.logprobs import (
    ScoringBatch,
    Support,
    chosen_logprobs,
    flat_completion_logits,
    likeliest,
    on_support,
)
from rlsd_pipeline.models.policy import EncodedPrompt, Policy

Keep = Callable[[Tensor, Sequence[int]], Support]
"""Logits `[tokens, vocabulary]` and the rows they belong to -> what is kept of the distribution."""


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

    def keep(logits: Tensor, rows: Sequence[int]) -> Support:
        return on_support(logits, likeliest(logits, count))

    return keep


def keep_entries_of(scored: Sequence[Scored]) -> Keep:
    """The entries that another pass over the same responses kept."""

    def keep(logits: Tensor, rows: Sequence[int]) -> Support:
        supports = [scored[row].support for row in rows]
        return on_support(logits, torch.cat([s.ids for s in supports if s is not None]))

    return keep


@torch.no_grad()
def score_responses(
    policy: Policy,
    prompts: Sequence[EncodedPrompt | None],
    completion_ids: Sequence[Sequence[int]],
    *,
    temperature: float,
    batch_prompts: int,
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
        batch_prompts: Distinct prompts run together; it changes memory and speed only.
        keep: Says what to keep of each distribution.
        progress: Told the number of responses scored.
    """
    members: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        if prompt is not None:
            members.setdefault(id(prompt), []).append(row)
    results: list[Scored | None] = [None] * len(prompts)
    owners = list(members.values())
    for start in range(0, len(owners), batch_prompts):
        part = owners[start : start + batch_prompts]
        rows = [row for group in part for row in group]
        asked = [prompts[group[0]] for group in part]
        batch = ScoringBatch(
            prompts=[prompt for prompt in asked if prompt is not None],
            owners=[place for place, group in enumerate(part) for _ in group],
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
    logits, token_ids = flat_completion_logits(policy, batch, temperature)
    lengths = [len(ids) for ids in batch.completion_ids]
    logprobs = chosen_logprobs(logits, token_ids).clamp(max=0.0).split(lengths)
    if keep is None:
        return [Scored(values, None) for values in logprobs]
    support = keep(logits, rows)
    parts = zip(*(field.split(lengths) for field in support), strict=True)
    return [Scored(values, Support(*part)) for values, part in zip(logprobs, parts, strict=True)]
