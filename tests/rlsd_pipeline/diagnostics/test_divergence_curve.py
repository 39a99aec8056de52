import math

import numpy as np
import pytest

from rlsd_pipeline.diagnostics.divergence_curve import find_stall
from tests.intervals import numbers

FALL_THEN_FLAT = [1 - 0.05 * i for i in range(10)] + [0.5] * 20


def test_stall_by_hand() -> None:
    # Unsmoothed, over 5 iterations: .55 at index 9 falls to .5, 9 %; .5 at index 10 falls no more.
    found = find_stall(range(100, 130), FALL_THEN_FLAT, smoothing=1, window=5)
    assert found is not None
    assert found.iteration == 110
    assert numbers(found.level) == pytest.approx((0.5, 0.5, 0.5))


def test_stall_by_hand_when_smoothed() -> None:
    # Means of two: index 8 (.6 + .55) / 2 = .575 falls to .5, 13 %; index 9 (.55 + .5) / 2 = .525
    # falls to .5, 4.8 %.
    found = find_stall(range(30), FALL_THEN_FLAT, smoothing=2, window=5)
    assert found is not None
    assert found.iteration == 9
    # One .55 and twenty .5.
    assert found.level.value == pytest.approx(10.55 / 21)


def test_a_plateau_that_is_left_is_no_stall() -> None:
    values = [1.0] * 20 + [0.5] * 20
    found = find_stall(range(40), values, smoothing=1, window=5)
    assert found is not None
    assert found.iteration == 20


@pytest.mark.parametrize(
    "values",
    [
        [0.9**i for i in range(40)],
        [1.0] * 30 + [1 - 0.1 * i for i in range(10)],
        [0.5] * 14,
        [],
    ],
)
def test_no_stall(values: list[float]) -> None:
    assert find_stall(range(len(values)), values) is None


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.2])
def test_a_curve_that_never_falls_stalls_at_once(slope: float) -> None:
    found = find_stall(range(30), [1 + slope * i for i in range(30)])
    assert found is not None
    assert found.iteration == 0


def test_a_fall_of_just_the_allowed_amount_is_none() -> None:
    # 1 to .95 over the window of 1, then flat.
    found = find_stall(range(6), [1.0, 0.95, 0.95, 0.95, 0.95, 0.95], smoothing=1, window=1)
    assert found is not None
    assert found.iteration == 0


def test_noise_by_hand() -> None:
    # 1 and 0.8 by turns, then 0.5 and 0.3: every bend is ±.4 but the three around the step, so the
    # noise is 1.4826 * .4 / sqrt 6 = .2421; of a difference of two means of 2 it is the same.
    values = [1.0, 0.8] * 10 + [0.5, 0.3] * 10
    # The means fall from .9 to .4, by .5: more than .045 + .2421, less than .045 + 2 * .2421.
    found = find_stall(range(40), values, smoothing=2, window=4, noise_multiple=1)
    assert found is not None
    # s_18 = .9 is the last before the step; s_19 = (.8 + .5) / 2 = .65 falls by .25 <= .2746.
    assert found.iteration == 19
    hidden = find_stall(range(40), values, smoothing=2, window=4, noise_multiple=2)
    assert hidden is not None
    assert hidden.iteration == 0
    # Without any allowance the fall from .65 counts too.
    strict = find_stall(range(40), values, smoothing=2, window=4, noise_multiple=0)
    assert strict is not None
    assert strict.iteration == 20


def test_the_stall_of_a_noisy_curve_is_not_at_its_end() -> None:
    generator = np.random.default_rng(0)
    found = []
    for _ in range(40):
        noise = 1 + 0.1 * generator.normal(size=200)
        curve = [(0.3 + 0.7 * math.exp(-i / 15)) * noise[i] for i in range(200)]
        stall = find_stall(range(200), curve)
        found.append(stall.iteration if stall else 200)
    # Allowed: .05 * .35 + 3 * .03 * sqrt(2 / 5) = .074. The means of five fall within 10 by
    # .7 * .88 * (1 - e^(-10/15)) e^(-i/15) = .3 e^(-i/15), which is .074 at i = 21.
    assert 10 <= np.median(found) <= 35
    assert np.quantile(found, 0.9) <= 60


def test_the_level_of_a_noisy_floor_is_found() -> None:
    noise = np.random.default_rng(0).normal(size=120)
    values = [0.3 + 0.7 * math.exp(-i / 10) + 0.01 * noise[i] for i in range(120)]
    found = find_stall(range(120), values, smoothing=10, window=20)
    assert found is not None
    # Allowed: .05 * .33 + 3 * .01 * sqrt(2 / 10) = .030. The means of ten fall within 20 by
    # .7 * .66 * (1 - e^-2) e^(-i/10) = .4 e^(-i/10), which is .030 at i = 26.
    assert 18 <= found.iteration <= 35
    assert found.level.low <= 0.3 + 0.01
    assert found.level.low < found.level.value < found.level.high
