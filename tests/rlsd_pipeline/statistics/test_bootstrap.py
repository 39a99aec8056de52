import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlsd_pipeline.statistics.bootstrap import (
    accelerated,
    cluster_ratio,
    effective_number,
    percentiles,
    small_sample_confidence,
    small_sample_p,
)
from rlsd_pipeline.statistics.intervals import mean_interval, wilson_share
from tests.intervals import ends, numbers

NUMBERS = st.lists(st.floats(-10, 10), min_size=1, max_size=8)


def test_two_problems_by_hand() -> None:
    found = cluster_ratio([1, 2, 3], [1, 1, 2], ["a", "a", "b"])
    assert found.value == pytest.approx(6 / 4)
    # Problem a is 3 / 2 and b is 3 / 2: all draws agree.
    assert (found.low, found.high) == (1.5, 1.5)
    found = cluster_ratio([0, 0, 4], [1, 1, 2], ["a", "a", "b"])
    # Draws aa 0 / 4, ab 4 / 4, bb 8 / 4, a quarter, a half and a quarter of the time.
    assert numbers(found) == (1.0, 0.0, 2.0)
    # Of two, t(.7, 1) sqrt 2 = 1.027487 is the normal's at 1 - 2 * .1521: short of a quarter.
    found = cluster_ratio([0, 0, 4], [1, 1, 2], ["a", "a", "b"], confidence=0.4)
    assert numbers(found) == (1, 0, 2)
    # t(.6, 1) sqrt 2 = .459506, at 1 - 2 * .3229.
    found = cluster_ratio([0, 0, 4], [1, 1, 2], ["a", "a", "b"], confidence=0.2)
    assert numbers(found) == (1, 1, 1)


def test_problems_that_weigh_little_count_little() -> None:
    # Denominators 3, 1, 0: (3 + 1)² / (9 + 1) = 1.6 effective problems.
    level = small_sample_confidence(0.95, 1.6)
    # Student's with .6 degrees of freedom, times sqrt(1.6 / .6), as the normal's.
    assert level == pytest.approx(
        1 - 2 * stats.norm.sf(stats.t.ppf(0.975, 0.6) * math.sqrt(1.6 / 0.6))
    )
    values, weights = [1.5, 0.9, 0.0], [3.0, 1.0, 0.0]
    found = cluster_ratio(values, weights, list("abc"), resamples=4000)
    assert numbers(found) == pytest.approx((0.6, 0.5, 0.9))
    # A problem that weighs nothing is no second one, and a single one bounds nothing.
    found = cluster_ratio([1.5, 0.0], [3.0, 0.0], list("ab"))
    assert numbers(found) == (0.5, -math.inf, math.inf)


def test_few_problems_are_given_wider_percentiles() -> None:
    # Eight equal weights: t(.975, 7) sqrt(8 / 7) = 2.527891, the normal's at .988525.
    assert small_sample_confidence(0.95, 8) == pytest.approx(0.988525, abs=1e-6)
    assert small_sample_confidence(0.95, 1) == 1.0
    values = np.random.default_rng(0).normal(size=8)
    ids = [str(i) for i in range(8)]
    found = cluster_ratio(values, np.ones(8), ids, resamples=4000)
    wide = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=4000,
        method="percentile",
        confidence_level=0.988525,
        rng=np.random.default_rng(1),
    ).confidence_interval
    width = wide.high - wide.low
    assert abs(found.low - wide.low) < 0.1 * width
    assert abs(found.high - wide.high) < 0.1 * width


def test_an_effective_number_by_hand() -> None:
    # (3 + 1)² / (9 + 1).
    assert effective_number(np.array([3.0, 1.0, 0.0])) == pytest.approx(1.6)
    assert effective_number(np.full(7, 0.3)) == pytest.approx(7)


def test_a_p_value_of_few_problems_by_hand() -> None:
    # 1.959964 / sqrt(8 / 7) = 1.833378; Student's t of 7 degrees is beyond it with .054701 each.
    assert small_sample_p(0.025, 8) == pytest.approx(0.109402, abs=1e-6)
    # The interval of this confidence has its end where the share of the draws lies.
    assert (1 - small_sample_confidence(1 - 0.109402, 8)) / 2 == pytest.approx(0.025, abs=1e-6)
    assert small_sample_p(0.0001, 1) == 1.0


_MANY = 1e12
"""So many clusters that a percentile is the normal's."""


def test_accelerated_percentiles_by_hand() -> None:
    draws, alike = np.linspace(0, 1, 100_001), np.ones(4)
    # .6 of the draws are below, z = .253347: ends at 2 z ∓ 1.959964 = -1.453270 and 2.466658.
    found = accelerated(0.6, draws, alike, 0.95, _MANY)
    assert ends(found) == pytest.approx((0.073074, 0.993181), abs=2e-5)
    # Deviations .25 thrice and -.75: (3 * .015625 - .421875) / (6 * .75^1.5) = -.096225; ends at
    # -1.959964 / .811402 = -2.415528 and 1.959964 / 1.188598 = 1.648971.
    found = accelerated(0.5, draws, np.array([0.0, 0.0, 0.0, 1.0]), 0.95, _MANY)
    assert ends(found) == pytest.approx((0.007857, 0.950424), abs=2e-5)


def test_accelerated_percentiles_of_what_is_not_skewed_are_percentiles() -> None:
    draws = np.concatenate([np.linspace(0, 1, 10_001), [math.nan, math.inf]])
    for clusters in (3.0, 9.5, 200.0):
        found = accelerated(0.5, draws, np.array([0.4, 0.5, math.nan, 0.6]), 0.95, clusters)
        assert numbers(found) == pytest.approx(numbers(percentiles(0.5, draws, 0.95, clusters)))
    assert numbers(accelerated(0.5, draws[-2:], np.ones(3), 0.95, 9)) == (0.5, -math.inf, math.inf)
    # Far beyond the draws, an end is that of all of them.
    assert accelerated(2.0, draws, np.array([0.0, 0.0, 9.0]), 0.95, 2).high == 1.0


def test_agrees_with_scipy_where_problems_are_skewed() -> None:
    values = np.random.default_rng(0).gamma(1.0, size=40)
    drawn = np.random.default_rng(2).choice(values, (10_000, 40)).mean(axis=1)
    without = (values.sum() - values) / 39
    found = accelerated(float(values.mean()), drawn, without, 0.95, _MANY)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=10_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    width = expected.high - expected.low
    assert abs(found.low - expected.low) < 0.05 * width
    assert abs(found.high - expected.high) < 0.05 * width


def test_agrees_with_scipy_where_every_problem_has_one_row() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=40)
    ids = [str(i) for i in range(40)]
    found = cluster_ratio(values, np.ones(40), ids, resamples=4000)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert found.value == pytest.approx(values.mean())
    # Two Monte Carlo ends of 4000 draws differ by a few percent of the width.
    width = expected.high - expected.low
    assert abs(found.low - expected.low) < 0.06 * width
    assert abs(found.high - expected.high) < 0.06 * width


def test_covers_as_often_as_it_says_where_rows_of_a_problem_are_alike() -> None:
    generator, covered = np.random.default_rng(0), 0
    ids = [str(i) for i in range(30) for _ in range(4)]
    for _ in range(150):
        # Four nearly equal rows a problem, about a mean of 0: rows as units would cover half.
        values = generator.normal(size=30).repeat(4) + 0.1 * generator.normal(size=120)
        found = cluster_ratio(values, np.ones(120), ids, resamples=300)
        covered += found.low <= 0 <= found.high
    # 95 % nominal; a percentile interval of 30 problems covers about 93 %, give or take 2.
    assert 0.88 <= covered / 150 <= 0.99


@given(NUMBERS, st.randoms(use_true_random=False))
def test_order_of_the_rows_does_not_matter(values: list[float], shuffle: Random) -> None:
    order = list(range(len(values)))
    shuffle.shuffle(order)
    ids = [str(i % 3) for i in range(len(values))]
    ones = [1.0] * len(values)
    found = cluster_ratio(values, ones, ids, resamples=20)
    other = cluster_ratio([values[i] for i in order], ones, [ids[i] for i in order], resamples=20)
    assert numbers(other) == pytest.approx(numbers(found))


def test_one_problem_bounds_nothing() -> None:
    found = cluster_ratio([1, 2], [1, 1], ["a", "a"])
    assert numbers(found) == (1.5, -math.inf, math.inf)


def test_nothing_to_divide_by() -> None:
    found = cluster_ratio([0, 0], [0, 0], ["a", "b"])
    assert math.isnan(found.value)
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert math.isnan(cluster_ratio([], [], []).value)


def test_rows_that_cannot_be_added_up() -> None:
    with pytest.raises(ValueError, match="not finite"):
        cluster_ratio([math.inf, 1], [1, 1], ["a", "b"])
    with pytest.raises(ValueError, match="equal length"):
        cluster_ratio([1, 1], [1], ["a", "b"])


def test_wilson_by_hand() -> None:
    found = wilson_share(1, 10)
    # z = 1.959964: centre (.1 + z²/20) / (1 + z²/10) = .292073 / 1.384146 = .211013,
    # half z sqrt(.1 * .9 / 10 + z² / 400) / 1.384146 = .193164. One or more of ten have a
    # probability of .05 at 1 - .95^.1 = .005116, which is lower than Wilson's .017876.
    assert numbers(found) == pytest.approx((0.1, 0.005116, 0.404150), abs=2e-5)
    assert wilson_share(0, 10).low == 0
    assert wilson_share(10, 10).high == 1
    assert ends(wilson_share(0, 0)) == (0, 1)


def test_student_by_hand() -> None:
    # Mean 2, standard deviation 1, t(.975, 2) = 4.302653; half 4.302653 / sqrt 3 = 2.484138.
    assert numbers(mean_interval([1, 2, 3])) == pytest.approx((2, -0.484138, 4.484138), abs=1e-6)
    assert numbers(mean_interval([2])) == (2, -math.inf, math.inf)
    assert numbers(mean_interval([1, math.inf])) == (math.inf, -math.inf, math.inf)
