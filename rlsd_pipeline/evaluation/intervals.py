"""Intervals of a score and of a paired difference, over questions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Estimate(NamedTuple):
    """A mean over questions with its interval."""

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
        test = stats.binomtest(int(values.sum()), len(values))
        interval = test.proportion_ci(confidence, method="wilson")
        return Estimate(mean, min(float(interval.low), mean), max(float(interval.high), mean))
    half = _half_width(values, confidence)
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half))


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
    if not differences.std():
        return PairedDifference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    half = _half_width(differences, confidence)
    p_value = float(stats.ttest_1samp(differences, 0.0).pvalue)
    return PairedDifference(mean, mean - half, mean + half, p_value)


def _half_width(values: np.ndarray, confidence: float) -> float:
    if len(values) < 2:
        return 1.0
    quantile = stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    return float(quantile * values.std(ddof=1) / np.sqrt(len(values)))
