import math

import pytest

from rlsd_pipeline.statistics.shares import share_of_gain
from tests.intervals import ends, numbers

T1 = 12.7062
"""Student's quantile of .975 with one degree of freedom."""


def test_a_constant_share_is_known_exactly() -> None:
    found = share_of_gain([0.1, 0.15, 0.125], [0.2, 0.3, 0.25], 0.95)
    assert numbers(found) == pytest.approx((0.5,) * 3)


def test_a_whole_without_noise_leaves_students_interval_of_the_parts() -> None:
    # Mean 2, standard error 1: (2 ± 12.7) / 2.
    found = share_of_gain([1.0, 3.0], [2.0, 2.0], 0.95)
    assert numbers(found) == pytest.approx((1.0, 1 - T1 / 2, 1 + T1 / 2), rel=1e-5)


def test_an_interval_need_not_be_symmetric() -> None:
    # Of parts 1, 2 and 3 and wholes 5, 6 and 4: t² / n = 6.171, variances 1, covariance -1/2.
    # (25 - 6.171) θ² - 2 (10 + 3.086) θ + (4 - 6.171) = 0.
    found = share_of_gain([1.0, 2.0, 3.0], [5.0, 6.0, 4.0], 0.95)
    root = math.sqrt(13.0854**2 + 18.8291 * 2.1709)
    expected = (0.4, (13.0854 - root) / 18.8291, (13.0854 + root) / 18.8291)
    assert numbers(found) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("wholes", [[1.0, -0.9], [0.5, 0.1]])
def test_a_whole_that_may_be_nothing_bounds_nothing(wholes: list[float]) -> None:
    assert ends(share_of_gain([0.1, 0.2], wholes, 0.95)) == (-math.inf, math.inf)


def test_one_pair_bounds_nothing() -> None:
    assert numbers(share_of_gain([0.1], [0.2], 0.95)) == (0.5, -math.inf, math.inf)
