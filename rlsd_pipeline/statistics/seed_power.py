"""The number of seeds that a paired t-test over seeds needs to show a difference.

The power of the two-sided test is that of the noncentral t distribution, whose noncentrality is
the difference in standard deviations times the root of the number of seeds (Cohen 1988, chapter 2).
SciPy is loaded where it is used: it takes longer than all that an experiment's YAML needs.
"""

import math
from functools import lru_cache

import numpy as np

MOST_SEEDS = 10_000
"""Largest number of seeds that is computed exactly."""


def paired_power(effect: float, seeds: int, level: float) -> float:
    """Probability that a paired t-test rejects no difference.

    Args:
        effect: True mean difference, in standard deviations of a seed's difference.
        seeds: Pairs, at least 2.
        level: Level of the two-sided test, such as 0.05.

    Raises:
        ValueError: Fewer than two seeds, or a level that is no share.
    """
    from scipy.special import ndtr

    if seeds < 2 or not 0 < level < 1:
        raise ValueError(f"no test of {seeds} seeds at level {level}: 2 seeds are the fewest")
    shift = abs(effect) * math.sqrt(seeds)
    bounds, weights = _bounds(seeds - 1, level)
    return float(weights @ (ndtr(shift - bounds) + ndtr(-shift - bounds)))


def seeds_needed(effect: float, probability: float = 0.8, level: float = 0.05) -> int | None:
    """The fewest seeds, from 2, by which a paired t-test shows a difference.

    Args:
        effect: True mean difference, in standard deviations of a seed's difference.
        probability: Probability with which it is to be shown.
        level: Level of the two-sided test.

    Returns:
        A number of pairs; None for more than `MOST_SEEDS`.

    Raises:
        ValueError: Probability or level is no share.
    """
    _check(probability)
    if math.isinf(effect):
        return 2
    if not effect or paired_power(effect, MOST_SEEDS, level) < probability:
        return None
    # The power grows with the seeds: too few below, enough at `enough`.
    too_few, enough = 1, 2
    while paired_power(effect, enough, level) < probability:
        too_few, enough = enough, min(2 * enough, MOST_SEEDS)
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if paired_power(effect, middle, level) < probability:
            too_few = middle
        else:
            enough = middle
    return enough


def detectable_effect(seeds: int, probability: float = 0.8, level: float = 0.05) -> float:
    """The smallest difference that the seeds show, in standard deviations of one seed's.

    Args:
        seeds: Pairs, at least 2.
        probability: Probability with which it is to be shown.
        level: Level of the two-sided test.

    Raises:
        ValueError: Fewer than two seeds, or a probability or level that is no share.
    """
    from scipy import optimize, stats

    _check(probability)
    most = float(stats.t.isf(level / 2, max(1, seeds - 1)))
    while paired_power(most, seeds, level) < probability:
        most *= 2
    return float(
        optimize.brentq(lambda effect: paired_power(effect, seeds, level) - probability, 0.0, most)
    )


@lru_cache(maxsize=1024)
def _bounds(degrees: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The means from which a t-test rejects, by quantile of the measured deviation, and weights.

    By Gauss-Legendre on (0, 1), which gives powers to six places: SciPy's own distribution is nan
    for few seeds. Kept, since a table asks for many powers of the same seeds.
    """
    from scipy import stats

    places, weights = np.polynomial.legendre.leggauss(400)
    deviations = np.sqrt(stats.chi2.ppf((places + 1) / 2, degrees) / degrees)
    return stats.t.isf(level / 2, degrees) * deviations, weights / 2


def _check(probability: float) -> None:
    if not 0.5 <= probability < 1:
        raise ValueError(f"a probability of {probability}: a share from 0.5 to below 1 is asked")
