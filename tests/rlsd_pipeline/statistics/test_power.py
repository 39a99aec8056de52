"""The smallest difference that a benchmark shows, by hand and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from rlsd_pipeline.statistics.power import detectable_difference

HALF = [1.0, 0.0] * 200


def test_by_hand() -> None:
    # s^2 = 400 / 399 / 4, SE = .025031; z = 1.95996 + .84162 = 2.80158;
    # paired at correlation .5: sqrt(2 * .5) = 1, unpaired sqrt(2).
    assert detectable_difference(HALF) == pytest.approx(0.070127, abs=1e-6)
    assert detectable_difference(HALF, correlation=0) == pytest.approx(0.099175, abs=1e-6)
    assert detectable_difference(HALF, correlation=0.75) == pytest.approx(0.049587, abs=1e-6)
    # z = 2.57583 + 1.28155 = 3.85738.
    assert detectable_difference(HALF, 0.99, 0.9) == pytest.approx(0.096555, abs=1e-6)


def test_the_size_of_mathvista() -> None:
    scores = [1.0] * 738 + [0.0] * 262
    # sqrt(.738 * .262 / 999) = .013912.
    assert detectable_difference(scores) == pytest.approx(2.80158 * 0.013912, abs=1e-5)


def test_clusters_hide_differences() -> None:
    clusters = [str(place // 2) for place in range(400)]
    together = sorted(HALF)
    found = detectable_difference(together, clusters=clusters)
    # Two equal questions are one: the variance doubles, up to C / (C - 1).
    assert found / detectable_difference(together) == pytest.approx(math.sqrt(2), rel=2e-3)


def test_the_power_is_as_promised() -> None:
    """Simulated pairs of the stated correlation and difference are found 80 % of the time."""
    chance = np.random.default_rng(0)
    scores = chance.standard_normal(200)
    effect = detectable_difference(list(scores / scores.std(ddof=1)), correlation=0.6)
    common = chance.standard_normal((2000, 200)) * math.sqrt(0.6)
    first, second = (common + chance.standard_normal((2000, 200)) * math.sqrt(0.4) for _ in "ab")
    p_values = stats.ttest_1samp(second + effect - first, 0.0, axis=1).pvalue
    # Standard error of the share .009.
    assert (p_values < 0.05).mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("scores", [[], [1.0], [1.0, 1.0], [0.0] * 5])
def test_nothing_is_known_without_variance(scores: list[float]) -> None:
    assert math.isnan(detectable_difference(scores))


def test_impossible_questions() -> None:
    with pytest.raises(ValueError, match=r"a correlation of 1\.0 leaves nothing"):
        detectable_difference(HALF, correlation=1.0)
    with pytest.raises(ValueError, match="power 1"):
        detectable_difference(HALF, power=1.0)
