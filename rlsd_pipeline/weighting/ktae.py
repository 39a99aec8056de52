"""KTAE: a token's credit is what its presence says of a response's success within the group.

    Â_t = A + k(y_t),   k = 2σ(½ (F + I) x) - 1, one value for each token of the vocabulary

    right  the group's responses whose reward is above its mean; the others are wrong
    p      of Fisher's exact test, two-sided: presence in a response against right and wrong
    F      exp(-2p), 0 where p = 1
    I      what presence tells of right and wrong, in bits
    x      asin √(share of right that hold y) - asin √(share of wrong) + q_r/q_w - q_w/q_r
    q      3f / (f + 1 + L/mean L), f the token's share of the L tokens of its side: the weight of
           BM25 with k1 = 2, b = ½; below the line 1e-5 is added to q

Formulas of arXiv 2505.16826 (docs/method.md, eq. 21) as its code (xiaolizh1/KTAE, 45f3e77) has
them. Two differences: its rewards are 0 and 1, for which `right` is the same and which is kept for
rewards of other values; and it sets the end token of its model to 0, which here counts as any other
token. A token that one side alone holds has x near ±1e5 f, so that k is ±1 unless it says nothing.
Position is not read. No teacher is read and nothing more is sampled.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_LEAST = 1e-5
_SURE = 1 - 1e-9
"""A p-value from here on is 1 but for rounding."""

_PART = 2**16
"""Tokens that are worked on at once: their columns stay in the processor's cache."""

_RIGHT, _WRONG, _NEITHER = range(3)


class KTAE(Weighting):
    """The advantage, raised at tokens of the group's good responses and lowered at the others'."""

    type: Literal["ktae"] = "ktae"

    reads = frozenset({"token_ids"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; a response whose verifier failed is counted on no side.

        Raises:
            ValueError: The table has no token ids.
        """
        return TokenStreams(credit.token_advantages + key_token_values(credit))


def key_token_values(credit: Credit) -> Tensor:
    """The k of each token, 0 in groups that have one side alone; `[tokens]`.

    Raises:
        ValueError: The table has no token ids.
    """
    import torch

    token_ids, rows = credit.column("token_ids").numpy(), credit.rows.numpy()
    values = torch.zeros_like(credit.student_logprobs)
    if len(rows):
        groups = _grouped(credit)
        for part in _parts(rows, groups.of):
            values.numpy()[part] = _values(token_ids[part], rows[part], groups)
    return values


class _Groups(NamedTuple):
    """What is known of responses and groups before their tokens are looked at.

    Attributes:
        of: Group of each response; `[responses]`.
        side: Right, wrong or neither; `[responses]`.
        tokens: Of each side, at least 1; `[2, groups]`.
        length: 1 + L/mean L of each side; `[2, groups]`.
        first: Where a group's tables begin in `strength` and `angle`; `[groups]`.
        width: How far apart two of them are that differ by one right response; `[groups]`.
        strength: (F + I)/2 of each table of presence; `[tables]`.
        angle: The difference of the two asin; `[tables]`.
    """

    of: NDArray
    side: NDArray
    tokens: NDArray
    length: NDArray
    first: NDArray
    width: NDArray
    strength: NDArray
    angle: NDArray


def _grouped(credit: Credit) -> _Groups:
    import numpy as np

    of, rows, rewards = credit.groups.numpy(), credit.rows.numpy(), credit.rewards.double().numpy()
    size, known = int(of.max()) + 1, ~np.isnan(rewards)
    sums = np.bincount(of, np.where(known, rewards, 0.0), size)
    means = sums / np.maximum(np.bincount(of, known, size), 1)
    side = np.where(rewards > means[of], _RIGHT, np.where(known, _WRONG, _NEITHER))
    places = side * size + of
    lengths = np.bincount(rows, minlength=len(of))
    tokens = np.bincount(places, lengths, 3 * size).reshape(3, size)[:_NEITHER]
    responses = np.bincount(places, minlength=3 * size).reshape(3, size)[:_NEITHER]
    kinds, kind = np.unique(responses.T, axis=0, return_inverse=True)
    strengths, angles = zip(*(_tables(*one) for one in kinds.tolist()), strict=True)
    starts = np.cumsum([0, *(len(table) for table in angles)])
    mean = np.maximum(tokens.mean(0), 1)
    tables = np.concatenate(strengths), np.concatenate(angles)
    first, width = starts[kind.ravel()], responses[_WRONG] + 1
    return _Groups(of, side, np.maximum(tokens, 1), 1 + tokens / mean, first, width, *tables)


def _parts(rows: NDArray, groups: NDArray) -> Iterator[slice]:
    """Stretches of whole groups: of `_PART` tokens, longer where a group is or groups mix."""
    import numpy as np

    latest = np.maximum.accumulate(groups)
    earliest = np.minimum.accumulate(groups[::-1])[::-1]
    opening = np.flatnonzero(latest[:-1] < earliest[1:]) + 1
    cuts = np.unique(np.searchsorted(rows, opening))
    start = 0
    while start < len(rows):
        at = np.searchsorted(cuts, start + _PART)
        stop = int(cuts[at]) if at < len(cuts) else len(rows)
        yield slice(start, stop)
        start = stop


def _values(token_ids: NDArray, rows: NDArray, groups: _Groups) -> NDArray:
    """The k of each token of whole groups; `[tokens]`."""
    import numpy as np
    from scipy.special import expit

    size, bits = int(token_ids.max()) + 1, len(rows).bit_length()
    pairs = groups.of[rows] * size + token_ids
    # One sort of integers that carry their place is cheaper than an argsort.
    ordered = np.sort((pairs << bits) | np.arange(len(rows)))
    places, ordered = ordered & ((1 << bits) - 1), ordered >> bits
    opens = np.diff(ordered, prepend=-1) != 0
    pair, owner = np.cumsum(opens) - 1, ordered[opens] // size
    row = rows[places]
    cell = groups.side[row] * len(owner) + pair
    # A response that holds a token twice holds it.
    held = cell[opens | (np.diff(row, prepend=-1) != 0)]
    occurring, holding = (
        np.bincount(cells, minlength=3 * len(owner)).reshape(3, -1) for cells in (cell, held)
    )
    right, wrong = (_weight(occurring[side], owner, groups, side) for side in (_RIGHT, _WRONG))
    ratios = right / (wrong + _LEAST) - wrong / (right + _LEAST)
    table = groups.first[owner] + holding[_RIGHT] * groups.width[owner] + holding[_WRONG]
    values = 2 * expit(groups.strength[table] * (groups.angle[table] + ratios)) - 1
    found = np.empty(len(rows))
    found[places] = values[pair]
    return found


def _weight(occurring: NDArray, owner: NDArray, groups: _Groups, side: int) -> NDArray:
    """The q of each distinct token of each group; `[pairs]`."""
    share = occurring / groups.tokens[side][owner]
    return 3 * share / (share + groups.length[side][owner])


@lru_cache(maxsize=4096)
def _tables(right: int, wrong: int) -> tuple[NDArray, NDArray]:
    """Of a group with so many right and wrong responses, by how many of each hold a token.

    Returns:
        (F + I)/2 and the difference of the angles, `[(right + 1) · (wrong + 1)]` each; F and I are
        0 where a side is empty.
    """
    import numpy as np

    holding = np.indices((right + 1, wrong + 1)).reshape(2, -1).T
    responses = np.array([right, wrong])
    share = holding / np.maximum(responses, 1)
    angles = np.arcsin(np.sqrt(share)) @ (1, -1)
    if not right or not wrong:
        return np.zeros(len(holding)), angles
    lacking = responses - holding
    given = sum(side.sum(1) / (right + wrong) * _entropy(side) for side in (holding, lacking))
    information = np.maximum(_entropy(responses[None]) - given, 0.0)
    p = _fisher(right, wrong)[holding.sum(1), holding[:, 0]]
    return (np.where(p < _SURE, np.exp(-2 * p), 0.0) + information) / 2, angles


def _fisher(right: int, wrong: int) -> NDArray:
    """The p-value by how many responses hold the token and how many are right; `[held, right]`."""
    import numpy as np
    from scipy.stats import hypergeom

    total = right + wrong
    chances = hypergeom.pmf(np.arange(right + 1), total, right, np.arange(total + 1)[:, None])
    ordered = np.sort(chances)
    sums = ordered.cumsum(1)
    # As likely as what was seen, but for rounding.
    seen = zip(ordered, chances * (1 + 1e-7), strict=True)
    counts = np.stack([np.searchsorted(one, most, side="right") for one, most in seen])
    return np.take_along_axis(sums, counts - 1, axis=1)


def _entropy(sizes: NDArray) -> NDArray:
    """Of being right, in bits, among so many right and wrong; 0 where there are none."""
    import numpy as np
    from scipy.special import entr

    shares = sizes / np.maximum(sizes.sum(1, keepdims=True), 1)
    return entr(shares).sum(1) / np.log(2.0)
