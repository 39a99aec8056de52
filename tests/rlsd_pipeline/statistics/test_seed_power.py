"""Seeds for a paired t-test, against statsmodels."""

import math

import pytest
from statsmodels.stats.power import TTestPower

from rlsd_pipeline.statistics.seed_power import (
    MOST_SEEDS,
    detectable_effect,
    paired_power,
    seeds_needed,
)


@pytest.mark.parametrize(
    ("effect", "level", "pairs"),
    # statsmodels: TTestPower().solve_power gives 33.37, 198.15, 14.30 and 24.78.
    [(0.5, 0.05, 34), (0.2, 0.05, 199), (0.8, 0.05, 15), (0.8, 0.005, 25)],
)
def test_the_seeds_of_textbook_effects(effect: float, level: float, pairs: int) -> None:
    assert seeds_needed(effect, 0.8, level) == pairs
    assert seeds_needed(-effect, 0.8, level) == pairs


@pytest.mark.parametrize(("effect", "seeds"), [(0.3, 12), (1.0, 8), (2.0, 3), (0.1, 800)])
def test_the_power_is_that_of_statsmodels(effect: float, seeds: int) -> None:
    expected = TTestPower().power(effect, seeds, 0.05)
    assert paired_power(effect, seeds, 0.05) == pytest.approx(expected, abs=1e-6)


def test_two_seeds_by_hand() -> None:
    # With one degree of freedom, at level .5 and without a difference: P(|t| > 1) = .5.
    assert paired_power(0.0, 2, 0.5) == pytest.approx(0.5, abs=1e-6)
    # Where SciPy's noncentral t is nan: P(12.706 sqrt(chi2) < 11.314 + z), by quadrature.
    assert paired_power(8.0, 2, 0.05) == pytest.approx(0.625278, abs=1e-6)
    assert seeds_needed(8.0) == 3


def test_no_difference_is_never_shown_and_no_spread_always() -> None:
    assert seeds_needed(0.0) is None
    assert seeds_needed(0.01) is None
    assert paired_power(0.01, MOST_SEEDS, 0.05) < 0.8
    assert seeds_needed(math.inf) == 2


def test_the_detectable_effect_has_the_power_that_was_asked() -> None:
    # statsmodels: TTestPower().power(1.15603, 8, .05) is .8.
    assert detectable_effect(8) == pytest.approx(1.15603, abs=1e-4)
    assert paired_power(detectable_effect(4, 0.9, 0.01), 4, 0.01) == pytest.approx(0.9, abs=1e-6)


def test_impossible_questions() -> None:
    with pytest.raises(ValueError, match="2 seeds are the fewest"):
        detectable_effect(1)
    with pytest.raises(ValueError, match=r"a probability of 1\.0"):
        seeds_needed(0.5, 1.0)
