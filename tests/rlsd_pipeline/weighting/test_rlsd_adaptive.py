import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.rlsd_adaptive import AdaptiveRLSD, evidence_agreement

NAN = math.nan
CreditOf = Callable[..., Credit]


def stream(method: AdaptiveRLSD | RLSD | GRPO, credit: Credit) -> Tensor:
    streams = method.streams(credit)
    assert streams.token_advantages is not None
    return streams.token_advantages


def test_three_responses_by_hand(credit_of: CreditOf) -> None:
    credit = credit_of([[0.15, 0.05], [0.1], [0.02, -0.02]], rewards=[1, 0, 0])
    # Rewards: mean 1/3, centred (2, -1, -1)/3, std sqrt(1/3), so (1.1547, -0.57735, -0.57735).
    # Evidence 0.2, 0.1, 0: centred (0.1, 0, -0.1), std 0.1, so (1, 0, -1).
    # Their correlation is (1.1547 + 0.57735) / sqrt(2 * 2) = 0.8660254.
    mix, clip, agreement = AdaptiveRLSD(mix=0.5, clip=0.2, kept=0.8).adapt(credit)
    assert agreement == pytest.approx(0.8660254, abs=1e-6)
    assert mix == pytest.approx(0.4330127, abs=1e-6)
    # sign(A) Δ = 0.15, 0.05, -0.1, -0.02, 0.02; |exp - 1| in order: 0.0198013, 0.0202013,
    # 0.0512711, 0.0951626, 0.1618342. Four of five are kept.
    assert clip == pytest.approx(0.0951626, abs=1e-6)
    # A = 1.154699, -0.577349, -0.577349 (with the 1e-6 in the denominator). Weights:
    # 1.161834 cut to 1.0951626, 1.0512711, 0.9048374, 0.9801987, 1.0202013; 1 + λ (w - 1):
    # 1.0412066, 1.0222010, 0.9587934, 0.9914258, 1.0087475.
    expected = [1.2022792, 1.1803340, -0.5535583, -0.5723986, -0.5823993]
    found = stream(AdaptiveRLSD(mix=0.5, clip=0.2, kept=0.8), credit)
    assert found.tolist() == pytest.approx(expected, abs=3e-6)


def test_clip_bounds_the_interval_and_kept_one_takes_the_largest(credit_of: CreditOf) -> None:
    credit = credit_of([[0.15, 0.05], [0.1], [0.02, -0.02]], rewards=[1, 0, 0])
    assert AdaptiveRLSD(clip=0.05).adapt(credit).clip == 0.05
    assert AdaptiveRLSD(kept=1.0).adapt(credit).clip == pytest.approx(0.1618342, abs=1e-6)
    # One of five: the smallest.
    assert AdaptiveRLSD(kept=0.01).adapt(credit).clip == pytest.approx(0.0198013, abs=1e-6)


def test_the_share_that_is_kept_is_not_cut(credit_of: CreditOf) -> None:
    credit = credit_of([[0.15, 0.05], [0.1], [0.02, -0.02]], rewards=[1, 0, 0])
    # Of five tokens the one furthest from 1 is cut at kept = 0.8, and none at 1.
    assert AdaptiveRLSD(kept=0.8).cut(credit).tolist() == [True, False, False, False, False]
    assert not AdaptiveRLSD(kept=1.0).cut(credit).any()


def test_full_agreement_is_rlsd_with_these_numbers(credit_of: CreditOf) -> None:
    credit = credit_of([[0.3, 0.1], [-0.2, 0.1]], rewards=[1, 0])
    adapted = AdaptiveRLSD(mix=0.5, clip=0.2, kept=1.0).adapt(credit)
    # In a group of two every order is a correlation of 1 or -1. |exp(±Δ) - 1| reaches 0.35.
    assert adapted.agreement == pytest.approx(1.0)
    assert adapted.clip == 0.2
    expected = stream(RLSD(mix=adapted.mix, clip=0.2), credit)
    assert torch.equal(stream(AdaptiveRLSD(mix=0.5, clip=0.2, kept=1.0), credit), expected)


@pytest.mark.parametrize(
    "gain",
    [
        [[0.0, 0.0], [0.0], [0.0]],  # It says nothing.
        [[0.5, -0.5], [0.25, -0.25], [0.0]],  # It moves tokens, and no response as a whole.
        [[-0.5], [0.2], [0.3, 0.1]],  # It finds more evidence in wrong responses.
    ],
    ids=["silent", "indifferent", "contrary"],
)
def test_an_uninformative_or_contrary_teacher_gives_grpo(
    credit_of: CreditOf, gain: list[list[float]]
) -> None:
    credit = credit_of(gain, rewards=[1, 0, 0])
    assert AdaptiveRLSD().adapt(credit).mix == 0.0
    assert torch.equal(stream(AdaptiveRLSD(), credit), stream(GRPO(), credit))


def test_mix_zero_is_grpo_bit_for_bit(credit_of: CreditOf) -> None:
    credit = credit_of([[0.3, 0.1], [-0.2, 0.1]], rewards=[1, 0])
    assert torch.equal(stream(AdaptiveRLSD(mix=0.0), credit), stream(GRPO(), credit))


def test_nothing_to_learn_from(credit_of: CreditOf) -> None:
    credit = credit_of([[0.3], [-0.2]], rewards=[1, 1])
    assert AdaptiveRLSD().adapt(credit) == (0.0, 0.0, 0.0)
    assert stream(AdaptiveRLSD(), credit).tolist() == [0.0, 0.0]


def test_extreme_gains_do_not_overflow(credit_of: CreditOf) -> None:
    credit = credit_of([[3.9, -900.0], [-900.0, 3.9]], rewards=[1, 0])
    adapted = AdaptiveRLSD(kept=1.0).adapt(credit)
    assert adapted.clip == 0.2
    assert stream(AdaptiveRLSD(), credit).isfinite().all()


def test_a_failed_verdict_takes_no_part(credit_of: CreditOf) -> None:
    """Its evidence would otherwise turn the correlation round."""
    gain = [[0.2], [0.1], [0.0], [9.0]]
    with_failure = credit_of(gain, rewards=[1, 0, 0, NAN], correct=[True, False, False, False])
    without = credit_of(gain[:3], rewards=[1, 0, 0])
    assert evidence_agreement(with_failure) == pytest.approx(evidence_agreement(without))


def test_groups_whose_rewards_do_not_vary_take_no_part(credit_of: CreditOf) -> None:
    gain = [[0.2], [0.1], [0.0], [5.0], [-5.0]]
    both = credit_of(gain, rewards=[1, 0, 0, 1, 1], groups=[0, 0, 0, 1, 1])
    assert evidence_agreement(both) == pytest.approx(0.8660254, abs=1e-6)


def test_groups_whose_evidence_does_not_vary_take_no_part(credit_of: CreditOf) -> None:
    """Such as those for which the teacher saw nothing."""
    gain = [[0.2], [0.1], [0.0], [0.0], [0.0]]
    both = credit_of(gain, rewards=[1, 0, 0, 1, 0], groups=[0, 0, 0, 1, 1])
    assert evidence_agreement(both) == pytest.approx(0.8660254, abs=1e-6)


def by_hand(gain: list[list[float]], rewards: list[float], groups: list[int]) -> float:
    """One group at a time in numpy; groups that lack either variance are left out."""
    pairs: list[tuple[float, float]] = []
    for group in set(groups):
        rows = [i for i, g in enumerate(groups) if g == group and not math.isnan(rewards[i])]
        evidence = np.array([sum(gain[i]) for i in rows])
        scores = np.array([rewards[i] for i in rows])
        if len(set(evidence)) < 2 or len(set(scores)) < 2:
            continue
        scaled = [
            (values - values.mean()) / (values.std(ddof=1) + 1e-6) for values in (evidence, scores)
        ]
        pairs += zip(*scaled, strict=True)
    if not pairs:
        return 0.0
    first, second = np.array(pairs).T
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


ROLLOUT = st.tuples(
    # Eighths, whose sums are exact: rounding errors are no evidence.
    st.lists(st.integers(-16, 16).map(lambda n: n / 8), min_size=1, max_size=3),
    st.sampled_from([0.0, 0.5, 1.0, NAN]),
    st.integers(0, 2),
)


@given(st.lists(ROLLOUT, min_size=1, max_size=9))
@example([([0.0], 0.0, 0), ([5.0], 0.5, 0), ([1.0], 1.0, 0)])
def test_agreement_is_the_correlation_within_groups(
    credit_of: CreditOf, rows: list[tuple[list[float], float, int]]
) -> None:
    gain, rewards, groups = (list(column) for column in zip(*rows, strict=True))
    found = evidence_agreement(credit_of(gain, rewards=rewards, groups=groups))
    assert -1 - 1e-6 <= found <= 1 + 1e-6
    assert found == pytest.approx(by_hand(gain, rewards, groups), abs=1e-5)


def test_a_teacher_is_needed(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="the method needs teacher_logprobs, and no teacher"):
        AdaptiveRLSD().streams(credit_of([[0.0]], teacher=False))
