"""Tokens with their weight in the mean, divided and joined for micro-batches."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import torch
from torch import Tensor

from rlsd_pipeline.models.logprobs import EMPTY, Support
from rlsd_pipeline.update.policy_loss import Denominator, token_shares
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams


class SharedTokens(NamedTuple):
    """A flat list of response tokens.

    Attributes:
        tokens: What is known of them.
        shares: Weight of each in the mean over the whole batch; `[tokens]`.
    """

    tokens: Tokens
    shares: Tensor

    def at(self, piece: slice) -> Self:
        """Some of the tokens."""
        return self._replace(tokens=self.tokens.at(piece), shares=self.shares[piece])

    def to(self, device: torch.device) -> Self:
        """The same tokens on a device."""
        tokens = self.tokens
        streams = (None if column is None else column.to(device) for column in tokens.streams)
        teacher, ratios, base = tokens.teacher, tokens.engine_ratios, tokens.base_logprobs
        return self._replace(
            tokens=Tokens(
                tokens.old_logprobs.to(device),
                TokenStreams(*streams),
                None if teacher is None else Support(*(field.to(device) for field in teacher)),
                None if ratios is None else ratios.to(device),
                None if base is None else base.to(device),
            ),
            shares=self.shares.to(device),
        )


def with_shares(
    tokens: Sequence[Tokens],
    lengths: Sequence[Sequence[int]],
    denominator: Denominator,
    response_tokens: int | None = None,
) -> list[list[SharedTokens]]:
    """The tokens of each response of each group.

    Args:
        tokens: Those of each group, response after response; `[groups]`.
        lengths: How many each response has.
        denominator: Denominator of the mean.
        response_tokens: What the `constant` denominator divides by.
    """
    learnt = torch.cat([_learnt(of_group) for of_group in tokens])
    every = torch.tensor([n for group in lengths for n in group])
    shares = token_shares(every, denominator, learnt, response_tokens)
    groups = shares.split([sum(group) for group in lengths])
    divided = []
    for of_group, weights, counts in zip(tokens, groups, lengths, strict=True):
        whole, ends = SharedTokens(of_group, weights), torch.tensor(counts).cumsum(0).tolist()
        divided.append([whole.at(slice(end - n, end)) for end, n in zip(ends, counts, strict=True)])
    return divided


def _learnt(tokens: Tokens) -> Tensor:
    """The mask of tokens with a weight in any stream; `[tokens]`."""
    learnt = torch.zeros(len(tokens.old_logprobs), dtype=torch.bool)
    for column in tokens.streams:
        if column is not None:
            learnt |= column != 0
    return learnt


def weightless(like: Tokens, count: int) -> SharedTokens:
    """Tokens that add nothing to a loss whose other tokens have these streams."""
    zeros, teacher = torch.zeros(count), like.teacher
    streams = (None if column is None else zeros for column in like.streams)
    if teacher is not None:
        size = teacher.ids.shape[1]
        ids = torch.zeros(count, size, dtype=torch.long)
        teacher = Support(ids, torch.full((count, size), EMPTY), zeros)
    ratios = None if like.engine_ratios is None else torch.ones(count)
    base = None if like.base_logprobs is None else zeros
    return SharedTokens(Tokens(zeros, TokenStreams(*streams), teacher, ratios, base), zeros)


def join(parts: Sequence[SharedTokens]) -> SharedTokens:
    """The tokens of several responses as one flat list."""
    columns = zip(*(part.tokens.streams for part in parts), strict=True)
    streams = (None if column[0] is None else torch.cat(column) for column in columns)
    supports = [part.tokens.teacher for part in parts if part.tokens.teacher is not None]
    fields = zip(*supports, strict=True)
    ratios = [p.tokens.engine_ratios for p in parts if p.tokens.engine_ratios is not None]
    bases = [p.tokens.base_logprobs for p in parts if p.tokens.base_logprobs is not None]
    return SharedTokens(
        Tokens(
            torch.cat([part.tokens.old_logprobs for part in parts]),
            TokenStreams(*streams),
            Support(*(torch.cat(field) for field in fields)) if supports else None,
            torch.cat(ratios) if ratios else None,
            torch.cat(bases) if bases else None,
        ),
        torch.cat([part.shares for part in parts]),
    )
