"""Advantages by hand."""

import math
import random
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.advantages.centred import Centred
from rlsd_pipeline.advantages.estimator import AdvantageEstimator
from rlsd_pipeline.advantages.leave_one_out import LeaveOneOut
from rlsd_pipeline.advantages.none import NoBaseline
from rlsd_pipeline.advantages.standardised import Standardised

NAN = math.nan
STANDARDISED, CENTRED, OTHERS = Standardised(), Centred(), LeaveOneOut()
RELATIVE = pytest.mark.parametrize("estimator", [STANDARDISED, CENTRED, OTHERS], ids=str)


def advantages(
    rewards: list[float], groups: list[int], estimator: AdvantageEstimator = STANDARDISED
) -> list[float]:
    values = torch.tensor(rewards, dtype=torch.float64)
    return estimator.advantages(values, torch.tensor(groups, dtype=torch.long)).tolist()


def by_hand(rewards: list[float], groups: list[int]) -> list[float]:
    """One group at a time, with the standard library's statistics."""
    members: dict[int, list[float]] = {}
    for reward, group in zip(rewards, groups, strict=True):
        if not math.isnan(reward):
            members.setdefault(group, []).append(reward)
    found = []
    for reward, group in zip(rewards, groups, strict=True):
        values = members.get(group, [])
        if math.isnan(reward) or len(set(values)) < 2:
            found.append(0.0)
        else:
            deviation = statistics.stdev(values) + 1e-6
            found.append((reward - statistics.fmean(values)) / deviation)
    return found


def test_half_right() -> None:
    # Mean 0.5; unbiased variance 4 * 0.25 / 3 = 1/3, std 0.5773503; A = 0.5 / 0.5773513 = 0.866024.
    found = advantages([1, 0, 0, 1], [0, 0, 0, 0])
    assert found == pytest.approx([0.866024, -0.866024, -0.866024, 0.866024], abs=5e-7)
    # The 1e-6 is there: without it A would be 0.8660254.
    assert found[0] == pytest.approx(0.5 / (math.sqrt(1 / 3) + 1e-6), rel=1e-12)


def test_groups_may_interleave_and_one_without_variance_is_zero() -> None:
    # Group 0 has 1 and 0: mean 0.5, std sqrt(0.5) = 0.7071068, A = ±0.5 / 0.7071078 = ±0.7071058.
    found = advantages([1, 3, 0, 3], [0, 1, 0, 1])
    assert found == pytest.approx([0.7071058, 0.0, -0.7071058, 0.0], abs=5e-8)
    assert found[1] == found[3] == 0


def test_centred_leaves_the_deviation_out() -> None:
    # Mean 0.25; nothing else is done.
    assert advantages([1, 0, 0, 0], [0] * 4, CENTRED) == [0.75, -0.25, -0.25, -0.25]


def test_leave_one_out_compares_with_the_others() -> None:
    # The others of the first have mean 0; those of each other one have mean 1/3. The failed verdict
    # is none of them.
    found = advantages([1, 0, 0, NAN, 0], [0] * 5, OTHERS)
    assert found == pytest.approx([1.0, -1 / 3, -1 / 3, 0.0, -1 / 3], abs=1e-12)
    # Of two groups that interleave: 1 against 0.5, and 0.9 against the mean of 0 and 0.3.
    found = advantages([1, 0.9, 0, 0.5, 0.3], [0, 1, 1, 0, 1], OTHERS)
    assert found == pytest.approx([0.5, 0.75, -0.6, -0.5, -0.15], abs=1e-12)


def test_none_is_the_reward_itself() -> None:
    assert advantages([1, 0.5, NAN, 0.5], [0, 1, 0, 1], NoBaseline()) == [1.0, 0.5, 0.0, 0.5]


@pytest.mark.parametrize("reward", [0.1, 0.7, 0.9, 1 / 3])
@pytest.mark.parametrize("size", [3, 6, 7, 10])
@RELATIVE
def test_equal_rewards_are_exactly_zero(
    reward: float, size: int, estimator: AdvantageEstimator
) -> None:
    assert advantages([reward] * size, [0] * size, estimator) == [0.0] * size


def test_the_mean_of_equal_rewards_does_round() -> None:
    """Why a deviation of 0 cannot be the criterion."""
    assert (0.1 + 0.1 + 0.1) / 3 != 0.1


def test_a_small_but_real_difference_counts() -> None:
    # Format alone separates the two: A = ±0.05 / (0.1 / sqrt(2) + 1e-6), about ±0.7071.
    assert advantages([0.9, 1.0], [0, 0]) == pytest.approx([-0.7070968, 0.7070968], abs=1e-7)


def test_missing_rewards_are_left_out_of_mean_and_deviation() -> None:
    # Present are 1 and 0: A = ±0.7071058 as for a group of two. With the missing counted as 0 the
    # mean would be 0.25 and the first advantage 1.5.
    found = advantages([1, NAN, 0, NAN], [0] * 4)
    assert found == pytest.approx([0.7071058, 0.0, -0.7071058, 0.0], abs=5e-8)
    assert found[1] == found[3] == 0


@pytest.mark.parametrize("rewards", [[NAN, NAN, 1.0], [NAN, NAN, NAN], [0.5, NAN, 0.5]])
@RELATIVE
def test_fewer_than_two_different_rewards(
    rewards: list[float], estimator: AdvantageEstimator
) -> None:
    assert advantages(rewards, [0, 0, 0], estimator) == [0.0, 0.0, 0.0]


@RELATIVE
def test_one_rollout_and_none(estimator: AdvantageEstimator) -> None:
    assert advantages([1.0], [0], estimator) == [0.0]
    assert advantages([], [], estimator) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.1, 0.9, 1.0, NAN]) | st.floats(-10, 10),
            st.integers(0, 3),
        ),
        max_size=16,
    )
)
def test_equals_one_group_at_a_time(rows: list[tuple[float, int]]) -> None:
    # Differences far below the 1e-6 in the denominator are beyond what either form resolves.
    rewards = [round(reward, 4) for reward, _ in rows]
    groups = [group for _, group in rows]
    assert advantages(rewards, groups) == pytest.approx(by_hand(rewards, groups), abs=1e-8)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 1.0, NAN]), st.integers(0, 2)), min_size=1),
    st.randoms(use_true_random=False),
)
def test_order_does_not_matter(rows: list[tuple[float, int]], rng: random.Random) -> None:
    order = list(range(len(rows)))
    rng.shuffle(order)
    rewards, groups = zip(*rows, strict=True)
    found = advantages([rewards[i] for i in order], [groups[i] for i in order])
    straight = advantages(list(rewards), list(groups))
    assert found == pytest.approx([straight[i] for i in order], abs=1e-12)
