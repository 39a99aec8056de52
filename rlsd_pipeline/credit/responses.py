"""Between responses and their tokens, in tables that are flat: response after response.

Over millions of tokens an index by row takes most of a method's time. Tokens lie in the order of
their responses, so a response's value is repeated and its tokens are found by two ends instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

_PART = 2**16
"""Tokens that are worked on at once: their columns stay in the processor's cache."""


def lengths_of(rows: Tensor, responses: int) -> Tensor:
    """Tokens of each response; int64, `[responses]`.

    Args:
        rows: Index of each token's response, ascending; `[tokens]`.
        responses: How many there are; one may be empty.
    """
    import torch

    ends = np.searchsorted(rows.numpy(), np.arange(responses + 1))
    return torch.from_numpy(np.diff(ends))


def at_tokens(values: Tensor, lengths: Tensor) -> Tensor:
    """A response's value at each of its tokens; `[tokens]`.

    Args:
        values: `[responses]`.
        lengths: Tokens of each response; `[responses]`.
    """
    import torch

    return torch.from_numpy(np.repeat(values.detach().numpy(), lengths.numpy()))


def totals_of(values: Tensor, lengths: Tensor) -> Tensor:
    """Sum over each response, 0 of an empty one; float64, `[responses]`.

    Args:
        values: `[tokens]`.
        lengths: Tokens of each response; `[responses]`.
    """
    import torch

    sizes = lengths.numpy()
    totals = np.zeros(len(sizes))
    filled = np.flatnonzero(sizes)
    if len(filled):
        starts = (np.cumsum(sizes) - sizes)[filled]
        totals[filled] = np.add.reduceat(values.detach().numpy(), starts, dtype=np.float64)
    return torch.from_numpy(totals)


def parts_of(lengths: Tensor) -> Iterator[tuple[slice, slice]]:
    """Yields stretches of whole responses, each with its tokens; one is longer if a response is.

    Args:
        lengths: Tokens of each response; `[responses]`.
    """
    ends = lengths.cumsum(0).numpy()
    row = start = 0
    while row < len(ends):
        after = max(int(np.searchsorted(ends, start + _PART, side="right")), row + 1)
        stop = int(ends[after - 1])
        yield slice(row, after), slice(start, stop)
        row, start = after, stop
