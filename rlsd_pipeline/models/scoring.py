"""Scores a table of responses; each prompt runs once for all its responses."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    token_moments,
    tokens_at_once,
)
from rlsd_pipeline.models.placement import beside
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
        logprobs: Log-probabilities of its tokens, nats; `[tokens]`.
        support: What was kept of the distribution at each token, if anything.
        entropy: Of the distribution at each token, nats; `[tokens]`, where it was asked for.
        squared_probs: Σ_v p(v)² at each token; `[tokens]`, where it was asked for.
    """

    logprobs: Tensor
    support: Support | None
    entropy: Tensor | None = None
    squared_probs: Tensor | None = None


@dataclass(frozen=True)
class KeepLikeliest:
    """The likeliest entries under the scoring policy.

    Attributes:
        count: How many; None keeps all that are not suppressed.
    """

    count: int | None

    def __call__(self, logits: Tensor, spans: Sequence[Span]) -> Support:
        """The kept entries of some tokens."""
        return on_support(logits, likeliest(logits, self.count))


@dataclass(frozen=True)
class KeepEntries:
    """Entries that are known before.

    Attributes:
        ids: By row, tokens of the vocabulary at each token of the response; `[tokens, k]`.
    """

    ids: Mapping[int, Tensor]

    def __call__(self, logits: Tensor, spans: Sequence[Span]) -> Support:
        """The kept entries of some tokens."""
        ids = [self.ids[row][start:stop] for row, start, stop in spans]
        return on_support(logits, torch.cat(ids).to(logits.device))

    def of(self, rows: Sequence[int]) -> "KeepEntries":
        """The entries of some responses, with nothing of the others behind them."""
        return KeepEntries({row: self.ids[row].clone() for row in rows})


def keep_likeliest(count: int | None) -> Keep:
    """The `count` likeliest entries under the scoring policy, or all that are not suppressed."""
    return KeepLikeliest(count)


def keep_entries_of(scored: Sequence[Scored]) -> Keep:
    """The entries that another pass over the same responses kept."""
    supports = {row: one.support for row, one in enumerate(scored)}
    return KeepEntries({row: kept.ids for row, kept in supports.items() if kept is not None})


class ScoringPiece(NamedTuple):
    """Responses that are scored together.

    Attributes:
        rows: Index of each in the table.
        batch: The responses with their prompts.
        keep: Says what to keep of each distribution.
        moments: Whether entropy and squared probabilities are kept too.
    """

    rows: Sequence[int]
    batch: ScoringBatch
    keep: Keep | None
    moments: bool = False


def scoring_pieces(
    prompts: Sequence[EncodedPrompt | None],
    completion_ids: Sequence[Sequence[int]],
    micro_batch_tokens: int,
    keep: Keep | None = None,
    *,
    moments: bool = False,
) -> list[ScoringPiece]:
    """Divide a table into what is scored together; see `score_responses`."""
    members: dict[int, list[int]] = {}
    for row, prompt in enumerate(prompts):
        if prompt is not None:
            members.setdefault(id(prompt), []).append(row)
    owners = list(members.values())
    asked = [prompt for rows in owners if (prompt := prompts[rows[0]]) is not None]
    pieces = []
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
        own = keep.of(rows) if isinstance(keep, KeepEntries) else keep
        pieces.append(ScoringPiece(rows, batch, own, moments))
    return pieces


def by_response(
    pieces: Sequence[ScoringPiece], results: Iterable[Sequence[Scored]], count: int
) -> list[Scored | None]:
    """The scores of all pieces in the order of the table; None where a response was left out."""
    scores: list[Scored | None] = [None] * count
    for piece, scored in zip(pieces, results, strict=True):
        for row, one in zip(piece.rows, scored, strict=True):
            scores[row] = one
    return scores


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
    pieces = scoring_pieces(prompts, completion_ids, micro_batch_tokens, keep)
    results = (score_piece(policy, p, progress, temperature=temperature) for p in pieces)
    return by_response(pieces, results, len(prompts))


@torch.no_grad()
def score_piece(
    policy: Policy,
    piece: ScoringPiece,
    progress: Callable[[int], None] | None = None,
    *,
    temperature: float,
) -> list[Scored]:
    """Score the responses of one piece; nothing of the piece as a whole stays in memory.

    Returns:
        What was found, in the CPU's memory.
    """
    with beside(policy.model):
        scored = _score(policy, piece, temperature)
    if progress is not None:
        progress(len(piece.rows))
    return scored


def _score(policy: Policy, piece: ScoringPiece, temperature: float) -> list[Scored]:
    rows, batch, keep, _ = piece
    hidden, token_ids = flat_completion_hidden(policy, batch)
    size = tokens_at_once(policy)
    found, supports = [], []
    for start in range(0, len(token_ids), size):
        some = slice(start, start + size)
        logits = next_token_logits(policy, hidden[some], temperature)
        found.append(_of_tokens(logits, token_ids[some], piece))
        if keep is not None:
            supports.append(keep(logits, spans_between(rows, batch.completion_ids, start, size)))
    lengths = [len(ids) for ids in batch.completion_ids]
    by_row = _by_row(found, lengths) if found else [(hidden.new_zeros(0).cpu(),)] * len(rows)
    kept = (
        [Support(*part) for part in _by_row(supports, lengths)] if supports else [None] * len(rows)
    )
    return [Scored(own[0], part, *own[1:]) for own, part in zip(by_row, kept, strict=True)]


def _of_tokens(logits: Tensor, token_ids: Tensor, piece: ScoringPiece) -> tuple[Tensor, ...]:
    if not piece.moments:
        return (chosen_logprobs(logits, token_ids).clamp(max=0.0),)
    found = token_moments(logits, token_ids)
    return found._replace(logprobs=found.logprobs.clamp(max=0.0))


def _by_row(
    fields: Sequence[tuple[Tensor, ...]], lengths: Sequence[int]
) -> list[tuple[Tensor, ...]]:
    """Fields of some tokens at a time -> the fields of each response."""
    joined = [torch.cat(parts) for parts in zip(*fields, strict=True)]
    return list(zip(*(_owned(field, lengths) for field in joined), strict=True))


def _owned(values: Tensor, lengths: Sequence[int]) -> list[Tensor]:
    """Parts with memory of their own: a view takes the whole along, above all between processes."""
    return [part.clone() for part in values.cpu().split(list(lengths))]


def spans_between(
    rows: Sequence[int], completion_ids: Sequence[Sequence[int]], start: int, count: int
) -> list[Span]:
    """The spans of responses that cover `count` tokens from `start` in the list of all tokens."""
    spans, offset = [], 0
    for row, ids in zip(rows, completion_ids, strict=True):
        first, last = max(start - offset, 0), min(start + count - offset, len(ids))
        if first < last:
            spans.append(Span(row, first, last))
        offset += len(ids)
    return spans
