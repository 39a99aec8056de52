import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.diagnostics.divergence_curve import (
    find_stall,
    on_policy_divergence,
    policy_spread,
    row_sums,
)

LN2 = math.log(2)


def test_divergence_by_hand() -> None:
    # Token by token: π_S .5 .5 .25 .25, π_T .25 .25 .25 .5; two responses of three and one token.
    student = np.log([0.5, 0.5, 0.25, 0.25])
    teacher = np.log([0.25, 0.25, 0.25, 0.5])
    found = on_policy_divergence(student, teacher, np.array([0, 3, 4]), ["a", "b"])
    # k1: ln 2, ln 2, 0, -ln 2. The four tokens hit the student's (.5, .25, .25) exactly, so their
    # mean is KL(S ‖ T) = .5 ln 2 + 0 + .25 ln .5 = .25 ln 2.
    assert found.k1_per_token.value == pytest.approx(LN2 / 4)
    # k3 = k1 + π_T/π_S - 1, and the ratios .5 .5 1 2 have mean 1.
    assert found.k3_per_token.value == pytest.approx(LN2 / 4)
    # Sums 2 ln 2 and -ln 2.
    assert found.k1_per_response.value == pytest.approx(LN2 / 2)


def test_k3_of_each_token_by_hand() -> None:
    student, teacher = np.log([0.5, 0.25]), np.log([0.25, 0.5])
    found = on_policy_divergence(student, teacher, np.array([0, 1, 2]), ["a", "b"])
    # .5 - 1 + ln 2 = .1931472 and 2 - 1 - ln 2 = .3068528; k1 cancels.
    assert found.k3_per_token.value == pytest.approx(0.25)
    assert found.k3_per_token.low == pytest.approx(0.1931472)
    assert found.k3_per_token.high == pytest.approx(0.3068528)
    assert found.k1_per_token.value == pytest.approx(0)


def test_spread_by_hand() -> None:
    found = policy_spread(np.log([0.5, 0.5, 0.25]), np.array([0, 2, 2, 3]), ["a", "b", "c"])
    # Surprise ln 2, ln 2, 2 ln 2 over three tokens and three responses, one of them empty.
    assert found.entropy_per_token.value == pytest.approx(4 * LN2 / 3)
    assert found.entropy_per_response.value == pytest.approx(4 * LN2 / 3)
    assert found.tokens_per_response.value == pytest.approx(1)


def test_entropy_of_a_coin_and_of_a_certainty() -> None:
    coin = policy_spread(np.full(8, -LN2), np.array([0, 4, 8]), ["a", "b"])
    assert coin.entropy_per_token == pytest.approx((LN2, LN2, LN2))
    assert coin.entropy_per_response == pytest.approx((4 * LN2, 4 * LN2, 4 * LN2))
    certain = policy_spread(np.zeros(4), np.array([0, 2, 4]), ["a", "b"])
    assert certain.entropy_per_token == (0, 0, 0)


@given(st.lists(st.lists(st.floats(-20, 0), max_size=5), min_size=1, max_size=6))
def test_row_sums_row_by_row(rows: list[list[float]]) -> None:
    offsets = np.cumsum([0, *map(len, rows)])
    flat = np.array([value for row in rows for value in row], dtype=float)
    assert row_sums(flat, offsets).tolist() == pytest.approx([sum(row) for row in rows])


@given(
    st.lists(st.tuples(st.floats(-9, 0), st.floats(-9, 0)), min_size=2, max_size=9),
)
def test_k3_is_never_negative(pairs: list[tuple[float, float]]) -> None:
    student, teacher = np.array(pairs).T
    ids = [str(i) for i in range(len(pairs))]
    found = on_policy_divergence(student, teacher, np.arange(len(pairs) + 1), ids)
    assert found.k3_per_token.low >= -1e-12


def test_arrays_about_other_tokens() -> None:
    with pytest.raises(ValueError, match="same tokens"):
        on_policy_divergence(np.zeros(3), np.zeros(2), np.array([0, 3]), ["a"])
    with pytest.raises(ValueError, match="offsets run from 0 to 2, and there are 3"):
        policy_spread(np.zeros(3), np.array([0, 2]), ["a"])


FALL_THEN_FLAT = [1 - 0.05 * i for i in range(10)] + [0.5] * 20


def test_stall_by_hand() -> None:
    # Unsmoothed, over 5 iterations: .55 at index 9 falls to .5, 9 %; .5 at index 10 falls no more.
    found = find_stall(range(100, 130), FALL_THEN_FLAT, smoothing=1, window=5)
    assert found is not None
    assert found.iteration == 110
    assert found.level == pytest.approx((0.5, 0.5, 0.5))


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
