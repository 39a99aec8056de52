"""KTAE: a token's credit is how strongly its presence predicts a response's success in the group.

    Â_t = A + k(y_t),   k = 2σ(½ (F + I) x) - 1, one value for each token of the vocabulary

    right  the group's responses whose reward is above its mean; the others are wrong
    p      of Fisher's exact test, two-sided: presence in a response against right and wrong
    F      exp(-2p), 0 where p = 1
    I      mutual information of presence and right or wrong, in bits
    x      asin √(share of right that hold y) - asin √(share of wrong) + q_r/q_w - q_w/q_r
    q      3f / (f + 1 + L/mean L), f the token's share of the L tokens of its side: the weight of
           BM25 with k1 = 2, b = ½; below the line 1e-5 is added to q

The formulas are those of arXiv 2505.16826 (docs/method.md, eq. 21), as in its code (xiaolizh1/KTAE,
45f3e77). Three differences: the code's rewards are 0 and 1, and the definition of `right` extends
them to other values; the code sets the end token of its model to 0, which counts as any other token
here; the code's sums of probabilities often miss the p of 1 by rounding, and then its F is exp(-2).
A token on one side alone has x near ±1e5 f, so k is ±1 unless its presence is uninformative.
Position is not read. No teacher is read and nothing more is sampled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from rlsd_pipeline.credit.presence import presence_tables
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_LEAST = 1e-5
_PART = 2**16
"""Tokens that are worked on at once: their columns stay in the processor's cache."""

_RIGHT, _WRONG, _NEITHER = range(3)


class KTAE(Weighting):
    """The advantage, raised at tokens of the group's good responses and lowered at others."""

    type: Literal["ktae"] = "ktae"

    reads = frozenset({"token_ids"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; a response whose verifier failed is counted on no side.

        Raises:
            ValueError: The table has no token ids.
        """
        return TokenStreams(key_token_values(credit).add_(credit.token_advantages))


def key_token_values(credit: Credit) -> Tensor:
    """The k of each token, 0 in groups that have one side alone; `[tokens]`.

    Raises:
        ValueError: The table has no token ids.
    """
    import numpy as np
    import torch

    token_ids, rows = credit.column("token_ids").numpy(), credit.rows.numpy()
    values = torch.zeros_like(credit.student_logprobs)
    if len(rows):
        groups, found = _grouped(credit), values.numpy()
        alone = _alone(groups).astype(found.dtype)
        for part in _parts(rows, groups.of):
            np.take(alone, rows[part], out=found[part], mode="clip")
            _count_repeated(token_ids[part], rows[part], groups, found[part])
    return values


class _Groups(NamedTuple):
    """The numbers of responses and groups, before their tokens are read.

    Attributes:
        of: Group of each response; `[responses]`.
        side: Right, wrong or neither; `[responses]`.
        scale: Tokens of each side, at least 1, times 1 + L/mean L; `[2, groups]`.
        first: Where a group's tables begin in `strength` and `angle`; `[groups]`.
        width: How far apart two of them are that differ by one right response; `[groups]`.
        strength: (F + I)/2 of each table of presence; `[tables]`.
        angle: The difference of the two asin; `[tables]`.
    """

    of: NDArray
    side: NDArray
    scale: NDArray
    first: NDArray
    width: NDArray
    strength: NDArray
    angle: NDArray


def _grouped(credit: Credit) -> _Groups:
    import numpy as np

    of, rewards = credit.groups.numpy(), credit.rewards.double().numpy()
    size, known = int(of.max()) + 1, ~np.isnan(rewards)
    sums = np.bincount(of, np.where(known, rewards, 0.0), size)
    means = sums / np.maximum(np.bincount(of, known, size), 1)
    side = np.where(rewards > means[of], _RIGHT, np.where(known, _WRONG, _NEITHER))
    places = side * size + of
    tokens = np.bincount(places, credit.lengths.numpy(), 3 * size).reshape(3, size)[:_NEITHER]
    responses = np.bincount(places, minlength=3 * size).reshape(3, size)[:_NEITHER]
    most = int(responses.max()) + 1
    kinds, kind = np.unique(responses[_RIGHT] * most + responses[_WRONG], return_inverse=True)
    of_kinds = (presence_tables(*divmod(one, most)) for one in kinds.tolist())
    strengths, angles = zip(*of_kinds, strict=True)
    starts = np.cumsum([0, *(len(table) for table in angles)])
    mean = np.maximum(tokens.mean(0), 1)
    tables = np.concatenate(strengths), np.concatenate(angles)
    first, width = starts[kind], responses[_WRONG] + 1
    scale = np.maximum(tokens, 1) * (1 + tokens / mean)
    return _Groups(of, side, scale, first, width, *tables)


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


def _count_repeated(token_ids: NDArray, rows: NDArray, groups: _Groups, found: NDArray) -> None:
    """Write the k of tokens that their group has more than once; most occur once.

    Args:
        token_ids: Token ids of whole groups; `[tokens]`.
        rows: Response of each token; `[tokens]`.
        groups: What is known of them.
        found: Where k is written; `[tokens]`.
    """
    import numpy as np

    bits, wide = len(rows).bit_length(), int(token_ids.max()).bit_length()
    ordered = groups.of[rows]
    ordered <<= wide
    ordered |= token_ids
    # One sort of integers that carry their place is cheaper than an argsort.
    ordered <<= bits
    ordered |= np.arange(len(rows))
    ordered.sort()
    pairs = ordered >> bits
    opens = np.ones(len(rows) + 1, dtype=bool)
    np.not_equal(pairs[1:], pairs[:-1], out=opens[1:-1])
    repeated = np.flatnonzero(~(opens[:-1] & opens[1:]))
    if len(repeated):
        places = ordered[repeated] & ((1 << bits) - 1)
        begins = opens[repeated]
        owner = pairs[repeated[begins]] >> wide
        found[places] = _counted(rows[places], begins, owner, groups)


def _counted(row: NDArray, begins: NDArray, owner: NDArray, groups: _Groups) -> NDArray:
    """The k of tokens in the order of their pairs of group and token, then of their places.

    Args:
        row: Response of each token; `[tokens]`.
        begins: Whether a pair begins with the token; `[tokens]`.
        owner: Group of each pair; `[pairs]`.
        groups: What is known of them.

    Returns:
        `[tokens]`.
    """
    import numpy as np

    pair = np.cumsum(begins, dtype=np.int32) - 1
    cell = groups.side[row] * len(owner) + pair
    # A response that holds a token twice holds it.
    held = cell[begins | (np.diff(row, prepend=-1) != 0)]
    occurring, holding = (
        np.bincount(cells, minlength=3 * len(owner)).reshape(3, -1) for cells in (cell, held)
    )
    return _pair_values(occurring, holding, owner, groups)[pair]


def _alone(groups: _Groups) -> NDArray:
    """The k of a token that one response of its group has, once; `[responses]`."""
    import numpy as np

    once = np.stack([groups.side == side for side in (_RIGHT, _WRONG)]).astype(np.int64)
    return _pair_values(once, once, groups.of, groups)


def _pair_values(occurring: NDArray, holding: NDArray, owner: NDArray, groups: _Groups) -> NDArray:
    """The k of pairs of group and token.

    Args:
        occurring: How often the right and the wrong responses have the token; `[2, pairs]`.
        holding: How many of them have it; `[2, pairs]`.
        owner: Group of each pair; `[pairs]`.
        groups: What is known of them.

    Returns:
        `[pairs]`.
    """
    from scipy.special import expit

    right = _weight(occurring[_RIGHT], groups.scale[_RIGHT][owner])
    wrong = _weight(occurring[_WRONG], groups.scale[_WRONG][owner])
    ratios = right / (wrong + _LEAST) - wrong / (right + _LEAST)
    table = groups.first[owner] + holding[_RIGHT] * groups.width[owner] + holding[_WRONG]
    return 2 * expit(groups.strength[table] * (groups.angle[table] + ratios)) - 1


def _weight(occurring: NDArray, scale: NDArray) -> NDArray:
    """The q of pairs, 3f / (f + 1 + L/mean L); `[pairs]`."""
    return 3 * occurring / (occurring + scale)
