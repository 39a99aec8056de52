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

from typing import TYPE_CHECKING, Literal, NamedTuple

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor

_LEAST = 1e-5
_SURE = 1 - 1e-9
"""A p-value from here on is 1 but for rounding."""


class KTAE(Weighting):
    """The advantage, raised at tokens of the group's good responses and lowered at the others'."""

    type: Literal["ktae"] = "ktae"

    reads = frozenset({"token_ids"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; a response whose verifier failed is counted on no side.

        Raises:
            ValueError: The table has no token ids.
        """
        values = key_token_values(credit).to(credit.student_logprobs.dtype)
        return TokenStreams(credit.token_advantages + values)


class _Counts(NamedTuple):
    """Of each distinct token of each group, `[pairs, 2]`: right first, then wrong.

    Attributes:
        holding: Responses that hold it.
        responses: Responses of the group.
        occurring: How often it stands in them.
        tokens: Tokens of the group.
    """

    holding: Tensor
    responses: Tensor
    occurring: Tensor
    tokens: Tensor


def key_token_values(credit: Credit) -> Tensor:
    """The k of each token, 0 in groups that have one side alone; float64, `[tokens]`.

    Raises:
        ValueError: The table has no token ids.
    """
    import torch

    token_ids = credit.column("token_ids").long()
    owners = credit.groups[credit.rows]
    pairs, pair = torch.stack([owners, token_ids]).unique(dim=1, return_inverse=True)
    counts = _counted(credit, owners, pair, pairs[0])
    strength = (_fisher(counts) + _information(counts)) / 2
    values = torch.tanh(strength * _direction(counts) / 2)
    both = (counts.responses > 0).all(1)
    return values.where(both, 0.0)[pair]


def _sides(credit: Credit) -> Tensor:
    """Whether a response is right, and whether it is wrong; float64, `[rollouts, 2]`."""
    import torch

    rewards = credit.rewards.double()
    known = ~rewards.isnan()
    size = int(credit.groups.max()) + 1 if len(credit.groups) else 0
    sums = rewards.new_zeros(size).index_add(0, credit.groups, rewards.where(known, 0.0))
    counts = rewards.new_zeros(size).index_add(0, credit.groups, known.double())
    right = rewards > (sums / counts)[credit.groups]
    return torch.stack([right, known & ~right], dim=1).double()


def _counted(credit: Credit, owners: Tensor, pair: Tensor, groups: Tensor) -> _Counts:
    import torch

    sides = _sides(credit)
    size = int(credit.groups.max()) + 1 if len(credit.groups) else 0
    # A response that holds a token twice holds it.
    held = torch.stack([credit.rows, pair]).unique(dim=1)

    def summed(count: int, places: Tensor, rows: Tensor) -> Tensor:
        return sides.new_zeros(count, 2).index_add(0, places, sides[rows])

    every = torch.arange(len(sides))
    return _Counts(
        summed(len(groups), held[1], held[0]),
        summed(size, credit.groups, every)[groups],
        summed(len(groups), pair, credit.rows),
        summed(size, owners, credit.rows)[groups],
    )


def _fisher(counts: _Counts) -> Tensor:
    """F, `[pairs]`: each distinct table of presence is tested once."""
    import numpy as np
    import torch
    from scipy.stats import hypergeom

    tables = torch.cat([counts.holding, counts.responses], dim=1)
    distinct, place = tables.unique(dim=0, return_inverse=True)
    held, _, right, wrong = distinct.numpy().T
    holding = distinct[:, :2].sum(1).numpy()
    drawn = np.arange(int(right.max(initial=0)) + 1)[:, None]
    law = hypergeom(right + wrong, right, holding)
    chances, seen = law.pmf(drawn), law.pmf(held)
    # As likely as what was seen, but for rounding.
    p = torch.from_numpy(np.where(chances <= seen * (1 + 1e-7), chances, 0.0).sum(0))
    return torch.exp(-2 * p).where(p < _SURE, 0.0)[place]


def _information(counts: _Counts) -> Tensor:
    """I in bits, `[pairs]`."""
    lacking = counts.responses - counts.holding
    total = counts.responses.sum(1)
    given = sum(side.sum(1) / total * _entropy(side) for side in (counts.holding, lacking))
    return (_entropy(counts.responses) - given).nan_to_num(0.0).clamp(min=0.0)


def _entropy(sizes: Tensor) -> Tensor:
    """Of being right, in bits, among so many right and wrong; 0 where there are none."""
    import torch

    shares = (sizes / sizes.sum(1, keepdim=True)).nan_to_num(0.0)
    return torch.special.entr(shares).sum(1) / torch.log(shares.new_tensor(2.0))


def _direction(counts: _Counts) -> Tensor:
    """x, `[pairs]`: above 0 for tokens of right responses."""
    import torch

    angles = torch.asin((counts.holding / counts.responses).nan_to_num(0.0).sqrt())
    length = counts.tokens / counts.tokens.mean(1, keepdim=True)
    share = (counts.occurring / counts.tokens).nan_to_num(0.0)
    right, wrong = (3 * share / (share + 1 + length)).nan_to_num(0.0).unbind(1)
    ratios = right / (wrong + _LEAST) - wrong / (right + _LEAST)
    return angles[:, 0] - angles[:, 1] + ratios
