"""The ratio of two paired gains, with Fieller's interval."""

from collections.abc import Sequence

import numpy as np

from rlsd_pipeline.statistics.intervals import unbounded, within
from schemas import Interval


def share_of_gain(parts: Sequence[float], wholes: Sequence[float], confidence: float) -> Interval:
    """mean(parts) / mean(wholes) over pairs, with Fieller's interval.

    The shares θ at which a t-test of `parts - θ wholes` would not reject 0 (Fieller 1954,
    doi 10.1111/j.2517-6161.1954.tb00159.x). They are an interval only where the whole itself is not
    0 at that level; else, and with fewer than two pairs, the interval is unbounded, and the value
    says little.

    Args:
        parts: Gain of one method, one number a seed.
        wholes: Gain of the method that is the whole, of the same seeds.
        confidence: Coverage of the interval.

    Returns:
        The share; nan where the mean whole is 0.

    Raises:
        ValueError: The two have different numbers of seeds.
    """
    from scipy import stats

    above, below = np.asarray(parts, dtype=float), np.asarray(wholes, dtype=float)
    if above.shape != below.shape:
        raise ValueError(f"{len(above)} parts of {len(below)} wholes")
    count, part, whole = len(above), float(above.mean()), float(below.mean())
    value = part / whole if whole else float("nan")
    if count < 2:
        return unbounded(value)
    spread = stats.t.ppf((1 + confidence) / 2, count - 1) ** 2 / count
    (part_part, part_whole), (_, whole_whole) = spread * np.cov(above, below)
    square = whole**2 - whole_whole
    if square <= 0:
        return unbounded(value)
    middle = (part * whole - part_whole) / square
    half = float(np.sqrt(max(middle**2 - (part**2 - part_part) / square, 0.0)))
    return within(value, (middle - half, middle + half))
