"""Intervals of a score and of a paired difference, over questions.

SciPy is loaded where it is used: it takes longer than all that an experiment's YAML needs.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from schemas import Interval, ScoreDifference

Bounds = tuple[float, float]
"""Between which values a quantity lies whatever the data say."""

UNBOUNDED: Bounds = (-np.inf, np.inf)
SHARE: Bounds = (0.0, 1.0)
DIFFERENCE: Bounds = (-1.0, 1.0)
"""Bounds of a difference of two shares."""

UNBOUNDED_MARK = "[–]"
UNBOUNDED_REASON = f"{UNBOUNDED_MARK}: not bounded, since there is only one, or all are equal"
"""How an infinite interval is written, and why there are such."""

SEEDS_REASON = (
    "Intervals over seeds (Student's t) are about trainings on these questions, and from this base "
    "where seeds share one; where seeds are skewed, as when a few trainings collapse, they cover "
    "less than they say (docs/coverage.md)"
)
"""What is said wherever an interval over seeds stands."""

FEW_PROBLEMS = "over 16 problems or fewer, ratios cover less than they say (docs/coverage.md)"
"""What is said wherever an interval of `bootstrap.cluster_ratio` stands."""

STUDENT = "paired t over seeds"
EQUAL = "t with a difference of -1 and one of +1 added, since all were equal"


def within(value: float, ends: Bounds) -> Interval:
    """A number between two ends."""
    low, high = ends
    return Interval(value=value, low=low, high=high)


def unbounded(value: float) -> Interval:
    """A number that the data do not bound."""
    return within(value, UNBOUNDED)


def score_interval(correct: Sequence[float], confidence: float) -> Interval:
    """The mean of per-question scores in [0, 1] with its interval.

    Wilson's interval where each question was answered once; where a question's score is a mean of
    several samples, that of `clustered_interval`, since samples of one question are not
    independent.
    """
    values = np.asarray(correct, dtype=float)
    if not len(values):
        return within(0.0, SHARE)
    if np.isin(values, (0.0, 1.0)).all():
        return wilson_share(int(values.sum()), len(values), confidence)
    if len(values) < 2 or all_equal(values):
        return mean_interval(values, confidence, SHARE)
    return _effective_share(values, _standard_error(values), len(values), confidence)


def clustered_interval(
    scores: Sequence[float], clusters: Sequence[str], confidence: float
) -> Interval:
    """The mean of per-question scores in [0, 1] where questions of one cluster go together.

    Wilson's interval with the effective number of trials, p (1 - p) / `clustered_error`², and
    Student's quantile of C - 1 degrees of freedom for C clusters: near 0 and 1 it covers where
    mean ± t · error does not (Franco, Little, Louis and Slud 2019, PMC6690503; docs/coverage.md).
    Where every cluster is one question this is `score_interval`; where no cluster deviates from the
    mean, Wilson's interval of C trials, since a standard error of 0 says nothing.

    Args:
        scores: One score a question.
        clusters: What each question belongs to.
        confidence: Coverage of the interval.

    Raises:
        ValueError: The two lists differ in length.
    """
    values = np.asarray(scores, dtype=float)
    count = len(set(clusters))
    error = clustered_error(scores, clusters)
    if count == len(values):
        return score_interval(scores, confidence)
    if count == 1:
        return within(float(values.mean()), SHARE)
    return _effective_share(values, error, count, confidence)


def _effective_share(
    values: np.ndarray, error: float, clusters: int, confidence: float
) -> Interval:
    share = float(values.mean())
    # Rounding leaves some error where there is none.
    if error < 1e-12:
        return within(share, _of_trials(share, clusters, confidence))
    trials = share * (1 - share) / error**2
    return within(share, _wilson(share, trials, _quantile(confidence, clusters - 1)))


def clustered_error(values: Sequence[float], clusters: Sequence[str]) -> float:
    """Standard error of the mean where the values of one cluster go together; nan for one cluster.

    Miller 2024 (arXiv 2411.00640, appendix A) with the factor C / (C - 1): where every value is a
    cluster of its own it is s / sqrt(n).

    Raises:
        ValueError: The two lists differ in length.
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


def wilson_share(count: int, total: int, confidence: float = 0.95) -> Interval:
    """A share with Wilson's interval, which takes its `total` trials to be independent.

    Responses to one problem are not: see `repeated_share`.
    """
    return repeated_share(count, total, total, confidence)


def repeated_share(count: int, total: int, units: int, confidence: float = 0.95) -> Interval:
    """A share of `total` trials; the trials of one of `units` may all go together.

    Wilson's interval as if there were one trial a unit: right where a unit's trials all agree, and
    too wide where they do not.
    """
    if not total:
        return within(float("nan"), SHARE)
    share = count / total
    return within(share, _of_trials(share, min(units, total), confidence))


def _of_trials(share: float, trials: int, confidence: float) -> Bounds:
    """Wilson's interval; neither end lies nearer than the exact one-sided limit.

    Near 0 and 1, Wilson's covers too little however many trials there are: .84 where a share of
    .18 / trials is true. Only one end can miss there, so a limit of the same confidence covers. So
    do Brown, Cai and DasGupta (2001, section 4.1.1, doi 10.1214/ss/1009213286), with the Poisson
    limit in place of the binomial one.
    """
    low, high = _wilson(share, trials, _normal_quantile(confidence))
    least = _least_share(share * trials, trials, confidence)
    most = 1 - _least_share((1 - share) * trials, trials, confidence)
    return min(low, least), max(high, most)


def _least_share(count: float, trials: int, confidence: float) -> float:
    """The share at which `count` successes or more have a probability of 1 - confidence."""
    from scipy.special import betaincinv

    return float(betaincinv(count, trials - count + 1, 1 - confidence)) if count > 0 else 0.0


def _wilson(share: float, trials: float, quantile: float) -> Bounds:
    """The shares p at which |share - p| = quantile sqrt(p (1 - p) / trials); Wilson (1927)."""
    square = quantile**2 / trials
    middle = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def mean_interval(
    values: ArrayLike, confidence: float = 0.95, bounds: Bounds = UNBOUNDED
) -> Interval:
    """The mean of independent measurements, such as seeds, with Student's interval.

    Measurements that are all equal say nothing of their spread. One more at each bound is then
    taken into account, as Bonett and Price (2012) do for shares; without bounds the interval is
    infinite. So it is for fewer than two measurements, or infinite ones.

    Args:
        values: One number a measurement.
        confidence: Coverage of the interval.
        bounds: Between which any measurement lies; the interval stays within them.
    """
    numbers = np.asarray(values, dtype=float)
    mean = float(numbers.mean())
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return within(mean, bounds)
    if all_equal(numbers):
        if not np.isfinite(bounds).all():
            return unbounded(mean)
        numbers = np.append(numbers, bounds)
    half = _quantile(confidence, len(numbers) - 1) * _standard_error(numbers)
    middle = float(numbers.mean())
    low, high = max(bounds[0], middle - half), min(bounds[1], middle + half)
    return within(mean, (min(low, mean), max(high, mean)))


def paired_difference(
    first: Sequence[float], second: Sequence[float], confidence: float
) -> ScoreDifference:
    """The mean of second - first over seeds that both have, by the paired t-test.

    Args:
        first: A score in [0, 1] of each seed.
        second: The same of the other method.
        confidence: Coverage of the interval.

    Raises:
        ValueError: The two have different numbers of seeds.
    """
    if len(first) != len(second):
        raise ValueError(f"paired scores of {len(first)} and {len(second)} seeds")
    differences = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    return difference_of(differences, confidence)


def difference_of(differences: ArrayLike, confidence: float) -> ScoreDifference:
    """The mean of paired differences of shares, by the t-test; see `mean_interval`.

    The interval holds 0 exactly where the p-value is at least 1 - confidence.
    """
    values = np.asarray(differences, dtype=float)
    found = mean_interval(values, confidence, DIFFERENCE)
    if len(values) < 2:
        return with_test(found, 1.0, STUDENT)
    if all_equal(values):
        return with_test(found, _t_test(np.append(values, DIFFERENCE)), EQUAL)
    return with_test(found, _t_test(values), STUDENT)


def with_test(found: Interval, p_value: float, test: str) -> ScoreDifference:
    """A difference with its test, not yet corrected."""
    return ScoreDifference(
        value=found.value,
        low=found.low,
        high=found.high,
        p_value=p_value,
        p_corrected=None,
        test=test,
    )


def all_equal(values: np.ndarray) -> bool:
    """Whether numbers of the order of one differ by no more than rounding."""
    return bool(np.ptp(values) < 1e-12)


def _normal_quantile(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


@lru_cache(maxsize=64)
def _quantile(confidence: float, degrees: int) -> float:
    """Student's, for an interval with two ends."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + confidence) / 2))


def _t_test(values: np.ndarray) -> float:
    """Two-sided, for a mean of 0."""
    from scipy.special import stdtr

    return float(2 * stdtr(len(values) - 1, -abs(values.mean()) / _standard_error(values)))


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
