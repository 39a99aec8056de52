"""Finds the iteration at which a curve, such as the distance to the teacher, stops falling."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.statistics.intervals import within
from schemas import Interval


class Stall(NamedTuple):
    """The iteration at which a curve stopped falling.

    Attributes:
        iteration: First iteration of the stall.
        level: Mean of the curve from there on, with a block bootstrap over iterations.
    """

    iteration: int
    level: Interval


def find_stall(
    iterations: Sequence[int],
    values: Sequence[float],
    *,
    smoothing: int = 5,
    window: int = 10,
    relative_fall: float = 0.05,
    noise_multiple: float = 3.0,
    confidence: float = 0.95,
    seed: int = 0,
) -> Stall | None:
    """The first iteration after which a curve falls no further.

    With s_i the mean of `smoothing` values from the i-th on, the curve stalls at the first i such
    that s_j - s_{j + window} ≤ relative_fall · |s_j| + noise for every j ≥ i that still has a whole
    window after it. A plateau the curve later leaves downwards is thus no stall; rising is no
    falling. The noise is `noise_multiple` times the standard deviation of a difference of two
    independent s; without it, a noisy curve would fall by chance until its end. What it hides, a
    fall slower than that, is not seen either: a wide interval of the level says so.

    Args:
        iterations: In order; `[iterations]`.
        values: The curve, such as the mean of k3 per token by iteration; `[iterations]`.
        smoothing: Values averaged into one.
        window: Over how many iterations a fall is measured.
        relative_fall: The largest fall over a window that counts as none, relative to its start.
        noise_multiple: Standard deviations of the noise a fall must exceed besides; 0 for none.
        confidence: Coverage of the level's interval.
        seed: Seed of the bootstrap.

    Returns:
        The stall, or None if the curve still falls at its end or is shorter than
        smoothing + window.
    """
    curve = np.asarray(values, dtype=float)
    if len(curve) < smoothing + window:
        return None
    smooth = np.convolve(curve, np.full(smoothing, 1 / smoothing), mode="valid")
    before, after = smooth[:-window], smooth[window:]
    noise = noise_multiple * _noise(curve) * np.sqrt(2 / smoothing)
    # A hair's breadth for rounding: a fall of just the allowed amount is none.
    falls = np.flatnonzero(before - after > np.abs(before) * (relative_fall + 1e-12) + noise)
    start = int(falls[-1]) + 1 if len(falls) else 0
    if start == len(before):
        return None
    return Stall(iterations[start], _block_bootstrap_mean(curve[start:], confidence, seed))


def _noise(values: np.ndarray) -> float:
    """Robust standard deviation of one value around a curve that is straight at every place."""
    bends = np.diff(values, 2)
    # x_0 - 2 x_1 + x_2 of independent values has the variance 1 + 4 + 1.
    return float(1.4826 * np.median(np.abs(bends)) / np.sqrt(6)) if len(bends) else 0.0


def _block_bootstrap_mean(values: np.ndarray, confidence: float, seed: int) -> Interval:
    """The mean with a circular block bootstrap: neighbouring iterations are not independent."""
    count = len(values)
    length = max(1, round(count ** (1 / 3)))
    starts = np.random.default_rng(seed).integers(0, count, (2000, -(-count // length)))
    places = (starts[:, :, None] + np.arange(length)).reshape(2000, -1)[:, :count] % count
    means = values[places].mean(1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return within(float(values.mean()), (low, high))
