"""Two policies on the same questions: is one better, and by how much."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from rlsd_pipeline.evaluation.intervals import PairedDifference

MCNEMAR = "exact McNemar"
SIGN_FLIP = "sign flip over clusters, bootstrap interval"

_RESAMPLES = 10_000
_SEED = 0
_CELLS = 1 << 20
"""Numbers that are drawn at a time, so that memory stays small."""


class PairedComparison(NamedTuple):
    """Second policy minus first on the questions that both have answered.

    Attributes:
        difference: Mean difference of the scores.
        low: Lower end of its interval.
        high: Upper end.
        p_value: Two-sided, for no difference; not corrected for other comparisons.
        test: Which test gave it, `MCNEMAR` or `SIGN_FLIP`.
        n: Questions, or clusters of We-Math's score, that were compared.
        left_out: Questions that only one of the policies has a score on.
        only_first: On how many of them the first policy is better.
        only_second: On how many the second is.
    """

    difference: float
    low: float
    high: float
    p_value: float
    test: str
    n: int
    left_out: int
    only_first: int
    only_second: int

    @property
    def paired(self) -> PairedDifference:
        """The difference as the tables of methods take it."""
        return PairedDifference(self.difference, self.low, self.high, self.p_value)


def compare_policies(
    first: Mapping[str, float],
    second: Mapping[str, float],
    clusters: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> PairedComparison:
    """Compare two policies question by question.

    Independent questions answered right or wrong: the exact McNemar test, with the interval of
    Bonett and Price (2012, doi 10.3102/1076998611411915). Anything else, such as We-Math's half
    points, means of several samples, or clusters: a sign-flip test over clusters, exact where
    they are few, with the percentile interval of a seeded paired bootstrap over clusters, which
    is too narrow for fewer than about 20 of them.

    Args:
        first: Question or cluster id -> score in [0, 1], such as `Summary.question_scores`.
        second: The same of the second policy.
        clusters: Question id -> what it belongs to; every question its own by default.
        confidence: Coverage of the interval.

    Raises:
        ValueError: The two have no question in common.
    """
    shared = sorted(first.keys() & second.keys())
    if not shared:
        raise ValueError("the two policies have no question in common")
    before, after = (np.array([scores[q] for q in shared], float) for scores in (first, second))
    differences = after - before
    only_first, only_second = int((differences < 0).sum()), int((differences > 0).sum())
    groups = shared if clusters is None else [clusters.get(q, q) for q in shared]
    binary = np.isin(before, (0.0, 1.0)).all() and np.isin(after, (0.0, 1.0)).all()
    if binary and len(set(groups)) == len(shared):
        test, p_value = MCNEMAR, _mcnemar(only_first, only_second)
        low, high = _bonett_price(only_first, only_second, len(shared), confidence)
    else:
        _, rows = np.unique(np.asarray(groups), return_inverse=True)
        sums, sizes = np.bincount(rows, weights=differences), np.bincount(rows)
        test, p_value = SIGN_FLIP, _sign_flip(sums)
        low, high = _bootstrap(sums, sizes, confidence)
    return PairedComparison(
        difference=float(differences.mean()),
        low=low,
        high=high,
        p_value=p_value,
        test=test,
        n=len(shared),
        left_out=len(first.keys() ^ second.keys()),
        only_first=only_first,
        only_second=only_second,
    )


def _mcnemar(only_first: int, only_second: int) -> float:
    discordant = only_first + only_second
    return float(stats.binomtest(only_second, discordant).pvalue) if discordant else 1.0


def _bonett_price(
    only_first: int, only_second: int, n: int, confidence: float
) -> tuple[float, float]:
    """Wald's interval after one more discordant pair of each kind."""
    more, less = (only_second + 1) / (n + 2), (only_first + 1) / (n + 2)
    z = float(stats.norm.ppf((1 + confidence) / 2))
    half = z * math.sqrt((more + less - (more - less) ** 2) / (n + 2))
    value = (only_second - only_first) / n
    low, high = max(-1.0, more - less - half), min(1.0, more - less + half)
    return min(low, value), max(high, value)


def _sign_flip(sums: np.ndarray) -> float:
    """How often differences of random sign sum up to as much; zeros have no sign to flip."""
    moved = sums[~np.isclose(sums, 0.0)]
    if len(moved) < 2:
        return 1.0
    found = stats.permutation_test(
        (moved, np.zeros(len(moved))),
        lambda first, second, axis: np.sum(first - second, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=max(1, _CELLS // len(moved)),
        rng=np.random.default_rng(_SEED),
    )
    return float(found.pvalue)


def _bootstrap(sums: np.ndarray, sizes: np.ndarray, confidence: float) -> tuple[float, float]:
    """Ends of the percentile interval of sum(sums) / sum(sizes), whole clusters drawn again."""
    count = len(sums)
    if count < 2:
        return -math.inf, math.inf
    chance = np.random.default_rng(_SEED)
    batch = max(1, _CELLS // count)
    means = []
    for start in range(0, _RESAMPLES, batch):
        drawn = chance.integers(0, count, (min(batch, _RESAMPLES - start), count))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
