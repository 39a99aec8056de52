import math
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from rlsd_pipeline.statistics.intervals import (
    EQUAL,
    SHARE,
    STUDENT,
    mean_interval,
    paired_difference,
    repeated_share,
    score_interval,
)
from schemas import ScoreDifference
from tests.intervals import ends, numbers

SHARES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


def everything(found: ScoreDifference) -> tuple[float | str | None, ...]:
    return (*numbers(found), found.p_value, found.test, found.p_corrected)


def test_wilson() -> None:
    # p = 0.8, n = 10, z = 1.96: centre (0.8 + 3.8415 / 20) / 1.38415 = 0.71674,
    # half 1.96 sqrt(0.016 + 3.8415 / 400) / 1.38415 = 0.22658. With a share p of wrong ones, two
    # or more of ten have a probability of .05 at p = .03677: 1 - .96323^10 - .3677 * .96323^9.
    found = score_interval([1.0] * 8 + [0.0] * 2, 0.95)
    assert found.value == pytest.approx(0.8)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9632), abs=5e-5)


@given(st.integers(1, 60), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_an_end_is_wilsons_or_the_exact_limit(
    n: int, data: st.DataObject, confidence: float
) -> None:
    hits = data.draw(st.integers(0, n))
    found = score_interval([1.0] * hits + [0.0] * (n - hits), confidence)
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    for end, count in ((found.low, hits), (1 - found.high, n - hits)):
        # Wilson's p has |count/n - p| = z sqrt(p (1 - p) / n); at the limit, so many or more have a
        # probability of 1 - confidence. The end is the further one.
        past = count / n - end - z * math.sqrt(max(end * (1 - end), 0) / n)
        over = 1 - confidence - stats.binom.sf(count - 1, n, end) if count else 0.0
        assert min(past, over) == pytest.approx(0, abs=1e-7)
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(
    ("scores", "low", "high"), [([1.0] * 4, 0.4729, 1.0), ([0.0] * 4, 0, 0.5271)]
)
def test_wilson_at_the_ends(scores: list[float], low: float, high: float) -> None:
    # Four of four have a probability of .05 at .05^(1/4) = .4729; Wilson's is 4 / 7.8415 = .5101.
    found = score_interval(scores, 0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_means_of_several_samples_are_effective_trials() -> None:
    # Mean 0.55, deviations -0.05, 0.2, 0.1, -0.25: squares sum to 0.115, error² 0.115 / 12;
    # trials 0.2475 * 12 / 0.115 = 25.826; t(0.975, 3) = 3.182446, t² / trials = 0.392156:
    # centre 0.746078 / 1.392156, half sqrt(0.392156 (0.2475 + 0.098039)) / 1.392156.
    found = score_interval([0.5, 0.75, 0.65, 0.3], 0.95)
    assert numbers(found) == pytest.approx((0.55, 0.271497, 0.800334), abs=5e-6)


@given(st.lists(SHARES, min_size=2, max_size=30), st.sampled_from([0.8, 0.95, 0.99]))
def test_effective_trials_agree_with_statsmodels(
    values: Sequence[float], confidence: float
) -> None:
    share, error = statistics.mean(values), float(stats.sem(values))
    assume(error > 0 and not set(values) <= {0.0, 1.0})
    trials = share * (1 - share) / error**2
    # Their normal quantile at this level is Student's at that of the interval.
    level = 2 * stats.norm.sf(stats.t.ppf((1 + confidence) / 2, len(values) - 1))
    assume(level > 1e-9)
    expected = proportion_confint(share * trials, trials, level, method="wilson")
    assert ends(score_interval(values, confidence)) == pytest.approx(expected, abs=1e-6)


def test_responses_of_a_question_count_once() -> None:
    # As 10 of 40 responses to 20 questions, so 5 of 20: the exact limit below, as statsmodels has
    # it for one side, and Wilson's for a quarter of 20 trials above.
    found = repeated_share(10, 40, 20, 0.95)
    low, _ = proportion_confint(5, 20, 0.1, method="beta")
    _, high = proportion_confint(5, 20, 0.05, method="wilson")
    assert numbers(found) == pytest.approx((0.25, low, high))
    # One response a question, and no fewer trials than responses.
    assert repeated_share(5, 20, 20, 0.95) == repeated_share(5, 20, 30, 0.95) == found
    assert ends(repeated_share(0, 0, 0)) == (0.0, 1.0)


def test_the_interval_of_a_share_stays_within_zero_and_one() -> None:
    # Mean 0.625, error² 0.3125 / 12, trials 0.234375 * 12 / 0.3125 = 9, t² / trials 1.125329.
    found = score_interval([0.5, 1.0, 0.75, 0.25], 0.95)
    assert numbers(found) == pytest.approx((0.625, 0.200375, 0.917253), abs=5e-6)


def test_little_to_go_by() -> None:
    assert numbers(score_interval([], 0.95)) == (0.0, 0.0, 1.0)
    assert numbers(score_interval([0.5], 0.95)) == (0.5, 0.0, 1.0)
    # Equal answers are no certainty: .5, .5, 0, 1 have s = sqrt(1/6), half 3.18245 s / 2 = .6496.
    assert numbers(score_interval([0.5, 0.5], 0.95)) == (0.5, 0.0, 1.0)
    # Sixteen halves, 0 and 1: s = sqrt(.5 / 17) = .171499, half 2.10982 s / sqrt 18 = .085284.
    found = score_interval([0.5] * 16, 0.95)
    assert numbers(found) == pytest.approx((0.5, 0.414716, 0.585284), abs=1e-5)


def test_paired_difference() -> None:
    # Differences 1, 0, 0, 0: mean 0.25, s = 0.5, standard error 0.25, t = 1 with 3 degrees of
    # freedom: p = 0.39100; half 3.18245 * 0.25 = 0.79561, but no difference is above 1.
    found = paired_difference([0, 1, 0, 1], [1, 1, 0, 1], 0.95)
    assert (*numbers(found), found.p_value) == pytest.approx(
        (0.25, -0.54561, 1.0, 0.39100), abs=5e-5
    )
    assert found.test == STUDENT


def test_direction_is_second_minus_first() -> None:
    # Differences -0.5, -0.25, -0.75: mean -0.5, s = 0.25, standard error 0.14434,
    # t = -3.4641 with 2 degrees of freedom: p = 0.07418; half 4.30265 * 0.14434 = 0.62104.
    found = paired_difference([1, 0.5, 1], [0.5, 0.25, 0.25], 0.95)
    assert (*numbers(found), found.p_value) == pytest.approx(
        (-0.5, -1.0, 0.12104, 0.07418), abs=5e-5
    )


def test_pairing_matters() -> None:
    """The same scores in another order: the difference is the same, its certainty is not."""
    first = [0.0, 0.25, 0.5, 0.75]
    together = paired_difference(first, [0.2, 0.45, 0.7, 0.96], 0.95)
    crossed = paired_difference(first, [0.96, 0.7, 0.45, 0.2], 0.95)
    assert together.value == pytest.approx(crossed.value)
    assert together.p_value < 1e-4 < 0.1 < crossed.p_value


def test_differences_without_variance() -> None:
    """Two equal seeds are no certainty."""
    # 0, 0, -1, 1: s = sqrt(2/3), half 3.18245 s / 2 = 1.299.
    found = paired_difference([1, 0], [1, 0], 0.95)
    assert everything(found) == (0.0, -1.0, 1.0, 1.0, EQUAL, None)
    # 1, 1, -1, 1: mean .5, standard error .5, t = 1 with 3 degrees of freedom.
    found = paired_difference([0, 0], [1, 1], 0.95)
    assert (*numbers(found), found.p_value) == pytest.approx((1.0, -1.0, 1.0, 0.39100), abs=5e-5)
    assert found.test == EQUAL
    # Eight of .25, -1 and 1: mean .2, squares 8 (.05)^2 + 1.2^2 + .8^2 = 2.1, s = .483046,
    # standard error .152753, t = 1.309307 with 9 degrees of freedom; half 2.262157 * .152753.
    eight = paired_difference([0.5] * 8, [0.75] * 8, 0.95)
    assert (*numbers(eight), eight.p_value) == pytest.approx(
        (0.25, -0.145551, 0.545551, 0.22287), abs=2e-5
    )


@pytest.mark.parametrize("count", [0, 1])
def test_one_seed_bounds_nothing(count: int) -> None:
    found = paired_difference([0.5], [0.5 + 0.25 * count], 0.95)
    assert everything(found) == (0.25 * count, -1.0, 1.0, 1.0, STUDENT, None)


@given(
    st.lists(st.tuples(SHARES, SHARES), min_size=2, max_size=9), st.sampled_from([0.8, 0.95, 0.99])
)
def test_an_interval_and_its_test_agree(
    pairs: Sequence[tuple[float, float]], confidence: float
) -> None:
    found = paired_difference(*zip(*pairs, strict=True), confidence)
    holds_zero = found.low <= 0 <= found.high
    assert holds_zero == (found.p_value >= 1 - confidence)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_equal_measurements_without_bounds_bound_nothing() -> None:
    assert numbers(mean_interval([3.0, 3.0])) == (3.0, -math.inf, math.inf)
    assert mean_interval([0.0] * 3, 0.95, SHARE).high < 1


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="paired scores of 2 and 1 seeds"):
        paired_difference([0, 1], [0], 0.95)
