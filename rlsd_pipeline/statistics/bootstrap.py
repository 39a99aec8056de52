"""Intervals of a ratio over problems, whose responses are not independent."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse, special

from rlsd_pipeline.statistics.intervals import unbounded, within
from schemas import Interval

_FURTHEST = 9.0
"""No draw lies more standard deviations away than this."""


def cluster_ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    problem_ids: Sequence[str],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """sum(numerators) / sum(denominators) with a percentile bootstrap over problems.

    Whole problems are drawn again, because responses to one problem are not independent. The
    percentiles are those of `small_sample_confidence` for the effective number of problems,
    (sum d)² / sum d² of their denominators d (Kish 1965): problems that weigh nothing bound
    nothing. Below about five effective ones the interval is still too narrow (docs/coverage.md).

    Args:
        numerators: One number a row, such as a rollout's sum over its tokens; `[rows]`.
        denominators: What to divide by, such as its number of tokens; `[rows]`.
        problem_ids: The problem each row belongs to; `[rows]`.
        confidence: Coverage of the interval.
        resamples: Number of bootstrap draws.
        seed: Seed of the draws; the same seed gives the same interval.

    Returns:
        The ratio and its interval; an unbounded one with fewer than two problems whose denominator
        is not 0, and nan for a ratio whose denominators sum to 0.

    Raises:
        ValueError: The three lists differ in length, or a number is not finite.
    """
    above, below = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    if not above.shape == below.shape == (len(problem_ids),):
        raise ValueError(
            f"numerators {above.shape}, denominators {below.shape} and problem_ids "
            f"({len(problem_ids)},) must be three lists of equal length"
        )
    if not (np.isfinite(above).all() and np.isfinite(below).all()):
        raise ValueError("a row is not finite: leave it out and report how many were left out")
    names, rows = np.unique(np.asarray(problem_ids, dtype=str), return_inverse=True)
    count = len(names)
    above, below = (np.bincount(rows, weights=sums, minlength=count) for sums in (above, below))
    value = _ratio(float(above.sum()), float(below.sum()))
    if np.count_nonzero(below) < 2:
        return unbounded(value)
    draws = cluster_draws(count, resamples, seed)
    sums, weights = draws @ above, draws @ below
    ratios = sums[weights != 0] / weights[weights != 0]
    return percentiles(value, ratios, confidence, effective_number(below))


def effective_number(weights: np.ndarray) -> float:
    """As many clusters of equal weight would give a mean as precise: (sum w)² / sum w² (Kish 1965).

    Args:
        weights: What each cluster counts, not all 0; `[clusters]`.
    """
    return float(weights.sum() ** 2 / np.square(weights).sum())


def percentiles(value: float, draws: np.ndarray, confidence: float, clusters: float) -> Interval:
    """A number with the percentiles of its bootstrap draws, made wider for few clusters.

    Args:
        value: The number.
        draws: The same of each draw; one that is not finite is left out, and without any the
            interval is unbounded. `[draws]`
        confidence: Coverage of the interval.
        clusters: How many were drawn, as in `small_sample_confidence`.
    """
    known = draws[np.isfinite(draws)]
    if not len(known):
        return unbounded(value)
    level = small_sample_confidence(confidence, clusters)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return within(value, (low, high))


def accelerated(
    value: float, draws: np.ndarray, without: np.ndarray, confidence: float, clusters: float
) -> Interval:
    """As `percentiles`, moved to where the draws are biased or skewed (BCa; Efron 1987).

    For numbers whose spread depends on their own size, such as a share of a squared norm.

    Args:
        value: The number.
        draws: As in `percentiles`.
        without: The number without each of the clusters; one that is not finite is left out.
        confidence: Coverage of the interval.
        clusters: As in `percentiles`.
    """
    known, rest = draws[np.isfinite(draws)], without[np.isfinite(without)]
    if not len(known):
        return unbounded(value)
    below = float((known < value).sum() + (known == value).sum() / 2)
    shift = special.ndtri((below + 0.5) / (len(known) + 1))
    pull = rest.mean() - rest if len(rest) else np.zeros(1)
    size = float(np.square(pull).sum())
    skew = float((pull**3).sum()) / (6 * size**1.5) if size > 0 else 0.0
    quantile = min(_small_sample_quantile(confidence, clusters), _FURTHEST)
    ends = shift + np.array([-quantile, quantile])
    # Where the correction has no end, the end is that of all draws.
    slope = 1 - skew * ends
    moved = shift + ends / np.where(slope > 0, slope, 1.0)
    low, high = np.quantile(known, special.ndtr(np.where(slope > 0, moved, _FURTHEST * ends)))
    return within(value, (low, high))


def small_sample_confidence(confidence: float, clusters: float) -> float:
    """The level at which a percentile interval over few clusters covers as one over many.

    Hesterberg's expanded percentiles (2015, doi 10.1080/00031305.2015.1089789): a bootstrap draws
    with the variance of n in place of n - 1, and from the normal in place of Student's t.

    Args:
        confidence: Wanted coverage.
        clusters: How many; an effective number need not be whole. From one on down, all draws.
    """
    return float(1 - 2 * special.ndtr(-_small_sample_quantile(confidence, clusters)))


def small_sample_p(tail: float, clusters: float) -> float:
    """The two-sided p at which an interval of `percentiles` ends where a share of its draws lies.

    Args:
        tail: The share beyond, at most 0.5.
        clusters: As in `small_sample_confidence`; 1 from one on down, where nothing is bounded.
    """
    if clusters <= 1:
        return 1.0
    quantile = -special.ndtri(tail) / np.sqrt(clusters / (clusters - 1))
    return float(2 * special.stdtr(clusters - 1, -quantile))


def _small_sample_quantile(confidence: float, clusters: float) -> float:
    if clusters <= 1:
        return np.inf
    wide = special.stdtrit(clusters - 1, (1 + confidence) / 2)
    return float(wide * np.sqrt(clusters / (clusters - 1)))


@lru_cache(maxsize=2)
def cluster_draws(count: int, resamples: int, seed: int) -> sparse.csr_array:
    """How often each problem is drawn; `[resamples, problems]`.

    Kept, since a table asks for many ratios over the same problems; sparse, since some 2,000
    draws of a large table would not fit otherwise.
    """
    drawn = np.random.default_rng(seed).integers(0, count, (resamples, count))
    rows = np.arange(resamples).repeat(count)
    ones = np.ones(resamples * count, dtype=np.float32)
    return sparse.coo_array((ones, (rows, drawn.ravel())), (resamples, count)).tocsr()


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
