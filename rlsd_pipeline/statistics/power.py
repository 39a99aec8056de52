"""The smallest difference between two policies that a benchmark can show.

Normal approximation (Miller 2024, arXiv 2411.00640, section 5): a two-sided test finds a true
difference d with the wanted power where d >= (z_(1 - alpha/2) + z_power) SE(difference). The
second policy is taken to vary over the questions like the first, and their scores to correlate:
SE(difference)^2 = 2 (1 - correlation) SE(score)^2.
"""

import math
from collections.abc import Sequence

from rlsd_pipeline.statistics.intervals import clustered_error

CORRELATION = 0.5
"""Assumed between the scores of two policies on the same question, moderate for relatives.

It is an assumption: checkpoints of one training agree more, and then less is detectable."""


def detectable_difference(
    scores: Sequence[float],
    confidence: float = 0.95,
    power: float = 0.8,
    *,
    correlation: float = CORRELATION,
    clusters: Sequence[str] | None = None,
) -> float:
    """The smallest true difference that a paired comparison on these questions would find.

    Args:
        scores: One score a question, of one policy.
        confidence: 1 - the level of the two-sided test.
        power: Chance to find a difference of that size.
        correlation: Between the two policies' scores on a question; 0 for different questions,
            which is the unpaired comparison.
        clusters: What each question belongs to; every question its own by default.

    Returns:
        A difference in the unit of the scores; nan where no question differs from another, or
        all are one cluster, since the variance is then unknown.

    Raises:
        ValueError: A share is outside its range.
    """
    _check(confidence, power, correlation)
    groups = [str(place) for place in range(len(scores))] if clusters is None else clusters
    error = clustered_error(scores, groups) if len(scores) else math.nan
    if not error > 0:
        return math.nan
    return _quantiles(confidence, power) * math.sqrt(2 * (1 - correlation)) * error


def _quantiles(confidence: float, power: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2) + ndtri(power))


def _check(confidence: float, power: float, correlation: float) -> None:
    if not (0 < confidence < 1 and 0.5 <= power < 1):
        raise ValueError(f"confidence {confidence} and power {power} must be shares below 1")
    if not -1 <= correlation < 1:
        raise ValueError(f"a correlation of {correlation} leaves nothing to detect")
