"""Intervals of a score and of a paired difference, over questions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Estimate(NamedTuple):
    """A value with its interval; (-inf, inf) where the data cannot bound it."""

    value: float
    low: float
    high: float


class PairedDifference(NamedTuple):
    """Second minus first on the same questions.

    Attributes:
        value: Mean difference.
        low: Lower end of its interval.
        high: Upper end.
        p_value: Two-sided, for no difference.
    """

    value: float
    low: float
    high: float
    p_value: float


def score_interval(correct: Sequence[float], confidence: float) -> Estimate:
    """The mean of per-question scores in [0, 1] with its interval.

    Wilson's interval where each question was answered once; where a question's score is a mean of
    several samples, Student's t over questions, since samples of one question are not independent.
    """
    values = np.asarray(correct, dtype=float)
    if not len(values):
        return Estimate(0.0, 0.0, 1.0)
    mean = float(values.mean())
    if np.isin(values, (0.0, 1.0)).all():
        return wilson_share(int(values.sum()), len(values), confidence)
    half = _half_width(values, confidence)
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half))


def clustered_interval(
    scores: Sequence[float], clusters: Sequence[str], confidence: float
) -> Estimate:
    """The mean of per-question scores in [0, 1] where questions of one cluster go together.

    `clustered_error` with Student's quantile of C - 1 degrees of freedom for C clusters. Where
    every cluster is one question this is `score_interval`; where all questions are right, or all
    wrong, Wilson's interval of C trials, since a standard error of 0 says nothing.

    Args:
        scores: One score a question.
        clusters: What each question belongs to.
        confidence: Coverage of the interval.

    Raises:
        ValueError: The two are not equally long.
    """
    values = np.asarray(scores, dtype=float)
    count = len(set(clusters))
    error = clustered_error(scores, clusters)
    if count == len(values):
        return score_interval(scores, confidence)
    mean = float(values.mean())
    if count == 1:
        return Estimate(mean, 0.0, 1.0)
    if mean in (0.0, 1.0):
        return wilson_share(count * int(mean), count, confidence)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * error
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half))


def clustered_error(values: Sequence[float], clusters: Sequence[str]) -> float:
    """Standard error of the mean where the values of one cluster go together; nan for one cluster.

    Miller 2024 (arXiv 2411.00640, appendix A) with the factor C / (C - 1): where every value is a
    cluster of its own it is s / sqrt(n).

    Raises:
        ValueError: The two are not equally long.
    """
    numbers = np.asarray(values, dtype=float)
    if len(numbers) != len(clusters):
        raise ValueError(f"{len(numbers)} values and {len(clusters)} clusters")
    members, rows = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    count = len(members)
    if count < 2:
        return float("nan")
    sums = np.bincount(rows, weights=numbers - numbers.mean())
    return float(np.sqrt(count / (count - 1) * np.square(sums).sum()) / len(numbers))


def wilson_share(count: int, total: int, confidence: float = 0.95) -> Estimate:
    """A share with Wilson's interval, which takes its `total` trials to be independent.

    Responses to one problem are not quite: where several were sampled, `cluster_ratio` over the
    problems is the wider and the honest interval.
    """
    if not total:
        return Estimate(float("nan"), 0.0, 1.0)
    interval = stats.binomtest(count, total).proportion_ci(confidence, method="wilson")
    share = count / total
    return Estimate(share, min(float(interval.low), share), max(float(interval.high), share))


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of independent measurements, such as seeds, with Student's interval.

    It is unbounded for fewer than two of them, or infinite ones.
    """
    numbers = np.asarray(values, dtype=float)
    mean = float(numbers.mean())
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return Estimate(mean, -np.inf, np.inf)
    half = _half_width(numbers, confidence)
    return Estimate(mean, mean - half, mean + half)


def paired_difference(
    first: Sequence[float], second: Sequence[float], confidence: float
) -> PairedDifference:
    """The mean of second - first over the same questions, by the paired t-test.

    Raises:
        ValueError: The two are not about equally many questions.
    """
    if len(first) != len(second):
        raise ValueError(f"paired scores of {len(first)} and {len(second)} questions")
    differences = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    mean = float(differences.mean())
    if len(differences) < 2:
        return PairedDifference(mean, -np.inf, np.inf, 1.0)
    if not differences.std():
        # All equal: how often chance alone would give all of them one sign.
        p_value = 1.0 if mean == 0 else 2.0 ** (1 - len(differences))
        return PairedDifference(mean, mean, mean, p_value)
    half = _half_width(differences, confidence)
    p_value = float(stats.ttest_1samp(differences, 0.0).pvalue)
    return PairedDifference(mean, mean - half, mean + half, p_value)


def _half_width(values: np.ndarray, confidence: float) -> float:
    if len(values) < 2:
        return 1.0
    quantile = stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    return float(quantile * values.std(ddof=1) / np.sqrt(len(values)))
