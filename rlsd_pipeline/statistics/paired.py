"""Paired comparison of two policies on the same questions: difference, interval and p-value."""

import math
from collections.abc import Mapping

import numpy as np

from rlsd_pipeline.statistics.intervals import all_equal, difference_of, with_test, within
from schemas import ScoreDifference

MCNEMAR = "exact McNemar"
SIGN_FLIP = "sign flip over questions"
CLUSTER_FLIP = "sign flip over clusters"

_FLIPS = 10_000
_SEED = 0
_CELLS = 1 << 20
"""Numbers that are drawn at a time, so that memory stays small."""


def rejects(p_value: float, confidence: float) -> bool:
    """Whether a test rejects at the level 1 - confidence; a p of just that level does not.

    1 - .95 is a little more than .05 in floating point.
    """
    return p_value < round(1 - confidence, 12)


def compare_policies(
    first: Mapping[str, float],
    second: Mapping[str, float],
    clusters: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> ScoreDifference:
    """Second policy minus first on the questions that both have answered.

    Independent questions answered right or wrong: the exact McNemar test, with the interval of
    Bonett and Price (2012, doi 10.3102/1076998611411915). Anything else, such as We-Math's half
    points, means of several samples, or clusters: a sign-flip test, exact where they are few, with
    the interval that inverts it: the differences that the test would not reject. Where all
    differences are equal, Student's t with one more of each extreme.

    The interval holds 0 exactly where the test does not reject 0 at its level.

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
    _, rows = np.unique(np.asarray(groups), return_inverse=True)
    sums, sizes = np.bincount(rows, weights=differences), np.bincount(rows)
    value = float(differences.mean())
    if len(sums) == len(shared) and np.isin([before, after], (0.0, 1.0)).all():
        test, p_value = MCNEMAR, _mcnemar(only_first, only_second)
        low, high = _bonett_price(only_first, only_second, len(shared), confidence)
    elif len(sums) > 1 and all_equal(sums / sizes):
        equal = difference_of(sums / sizes, confidence)
        low, high, p_value, test = equal.low, equal.high, equal.p_value, equal.test
    else:
        test = SIGN_FLIP if len(sums) == len(shared) else CLUSTER_FLIP
        p_value = _sign_flip(sums, sizes)
        low, high = _flip_interval(sums, sizes, confidence)
    ends = _agreeing(low, high, value, p_value < 1 - confidence)
    return with_test(within(value, ends), p_value, test)


def _mcnemar(only_first: int, only_second: int) -> float:
    discordant = only_first + only_second
    if not discordant:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(only_second, discordant).pvalue)


def _bonett_price(
    only_first: int, only_second: int, n: int, confidence: float
) -> tuple[float, float]:
    """Wald's interval after one more discordant pair of each kind."""
    from scipy.special import ndtri

    more, less = (only_second + 1) / (n + 2), (only_first + 1) / (n + 2)
    z = float(ndtri((1 + confidence) / 2))
    half = z * math.sqrt((more + less - (more - less) ** 2) / (n + 2))
    value = (only_second - only_first) / n
    low, high = max(-1.0, more - less - half), min(1.0, more - less + half)
    return min(low, value), max(high, value)


def _agreeing(low: float, high: float, value: float, rejected: bool) -> tuple[float, float]:
    """The interval with 0 in it, or not, as the test says.

    Only the coverage of 0 depends on it, which the test guarantees.
    """
    if not rejected:
        return min(low, 0.0), max(high, 0.0)
    beyond = math.nextafter(0.0, value)
    return (max(low, beyond), high) if value > 0 else (low, min(high, beyond))


def _sign_flip(sums: np.ndarray, sizes: np.ndarray) -> float:
    """How often differences of random sign sum up to as much; zeros have no sign to flip."""
    moved = ~np.isclose(sums, 0.0)
    if not moved.any():
        return 1.0
    lows, highs = _flip_spans(sums[moved], sizes[moved])
    return float(np.mean((lows <= 1e-12) & (highs >= -1e-12)))


def _flip_interval(sums: np.ndarray, sizes: np.ndarray, confidence: float) -> tuple[float, float]:
    """The mean differences that a sign-flip test does not reject, within [-1, 1]."""
    lows, highs = _flip_spans(sums, sizes)
    # Spans all hold the mean, so below it a difference lies in those that begin before it.
    kept = max(1, math.ceil((1 - confidence) * len(lows) - 1e-9))
    low, high = np.partition(lows, kept - 1)[kept - 1], np.partition(highs, -kept)[-kept]
    return max(-1.0, float(low)), min(1.0, float(high))


def _flip_spans(sums: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each flip of signs, the mean differences d under which it sums up to as much.

    With F the clusters that a flip turns over, |sum of flipped (s - d n)| >= |sum (s - d n)| holds
    for d between the mean of F and the mean of the others; for every d where one of them is empty.
    All flips where they are few, else a seeded sample that holds the one which changes nothing.
    """
    count, lows, highs = len(sums), [], []
    every = 2**count if count < 14 else None
    total = every or _FLIPS
    chance, batch = np.random.default_rng(_SEED), max(1, _CELLS // count)
    for start in range(0, total, batch):
        rows = np.arange(start, min(start + batch, total))
        if every:
            flipped = (rows[:, None] >> np.arange(count) & 1).astype(float)
        else:
            flipped = chance.integers(0, 2, (len(rows), count)).astype(float)
            flipped[rows == 0] = 0.0
        own, weight = flipped @ sums, flipped @ sizes
        with np.errstate(divide="ignore", invalid="ignore"):
            means = own / weight, (sums.sum() - own) / (sizes.sum() - weight)
        whole = (weight == 0) | (weight == sizes.sum())
        lows.append(np.where(whole, -np.inf, np.minimum(*means)))
        highs.append(np.where(whole, np.inf, np.maximum(*means)))
    return np.concatenate(lows), np.concatenate(highs)
