"""A method over seeds: what is the unit, what is a pair, and what many methods cost."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlsd_pipeline.evaluation.published import BENCHMARKS, PUBLISHED, published_methods
from rlsd_pipeline.statistics.intervals import with_test, within
from rlsd_pipeline.statistics.methods import holm, method_difference, method_score
from rlsd_pipeline.statistics.paired import MCNEMAR
from schemas import ScoreDifference
from tests.intervals import numbers

Scores = dict[str, float]
SHARES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


def scores(*shares: float) -> Scores:
    """Shares of the questions q0, q1, ..."""
    return {f"q{place}": share for place, share in enumerate(shares)}


def paired(p_value: float) -> ScoreDifference:
    return with_test(within(0.1, (0.0, 0.2)), p_value, "paired t over seeds")


def test_the_score_of_several_seeds_is_over_seeds() -> None:
    found = method_score([scores(1, 0), scores(1, 1), scores(0.5, 0)], 0.95)
    # Means 1/2, 1, 1/4: mean 7/12, deviations -1/12, 5/12, -4/12: squares sum to 42/144, so
    # s = sqrt(0.2916667 / 2) = 0.3818813; t(.975, 2) = 4.302653; half 4.302653 s / sqrt 3.
    half = 4.302653 * 0.3818813 / math.sqrt(3)
    # It would reach from -.36531 to 1.53198, and no share does.
    assert 7 / 12 - half < 0 < 1 < 7 / 12 + half
    assert numbers(found) == pytest.approx((7 / 12, 0, 1), abs=1e-6)


def test_more_questions_make_no_interval_over_seeds_narrower() -> None:
    few = method_score([scores(1, 0), scores(1, 1)], 0.95)
    many = method_score([scores(*[1, 0] * 50), scores(*[1, 1] * 50)], 0.95)
    assert few == many


def test_the_score_of_one_seed_is_over_its_questions() -> None:
    found = method_score([scores(0.5, 0.75, 0.65, 0.3)], 0.95)
    # 25.826 effective trials of four questions, worked out in test_intervals.py.
    assert numbers(found) == pytest.approx((0.55, 0.271497, 0.800334), abs=5e-6)
    # Where every question was answered once, 2 of 4: two or more have a probability of .05 at
    # .09761: 1 - .90239^4 - 4 * .09761 * .90239^3. Wilson's ends would be nearer, .5 ± .34996.
    found = method_score([scores(1, 0, 1, 0)], 0.95)
    assert numbers(found) == pytest.approx((0.5, 0.09761, 0.90239), abs=5e-5)


def test_questions_of_a_cluster_are_no_independent_trials_of_one_seed() -> None:
    found = method_score([scores(1, 1, 0, 0)], 0.5, {"q0": "a", "q1": "a", "q2": "b", "q3": "b"})
    # Sums of deviations 1 and -1, error sqrt(2 * 2) / 4 = .5: one trial; t(.75, 1) = 1:
    # half sqrt(.25 + .25) / 2 = .353553.
    assert numbers(found) == pytest.approx((0.5, 0.146447, 0.853553), abs=5e-6)


def test_seeds_are_the_pairs() -> None:
    first = {0: scores(0, 0), 1: scores(1, 0), 2: scores(0.5, 0.5)}
    second = {2: scores(0.5, 1), 0: scores(0, 1), 1: scores(1, 1)}
    found = method_difference(first, second, 0.95)
    # Seed means 0 -> 1/2, 1/2 -> 1, 1/2 -> 3/4: differences 1/2, 1/2, 1/4: mean 5/12,
    # squares of deviations 1/144 + 1/144 + 4/144, s = sqrt(6/288) = 0.1443376,
    # standard error 0.0833333, t = 5 with 2 degrees of freedom, half 4.302653 / 12.
    expected = stats.ttest_rel([0.5, 1, 0.75], [0, 0.5, 0.5])
    assert expected.statistic == pytest.approx(5)
    half = 4.302653 / 12
    assert found is not None
    assert numbers(found) == pytest.approx((5 / 12, 5 / 12 - half, 5 / 12 + half), abs=1e-6)
    assert found.test == "paired t over seeds"
    assert found.p_value == pytest.approx(expected.pvalue)


@given(st.lists(st.tuples(st.tuples(SHARES, SHARES), st.tuples(SHARES, SHARES)), min_size=2))
def test_seeds_as_pairs_agree_with_scipy(
    pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]],
) -> None:
    first = {seed: scores(*before) for seed, (before, _) in enumerate(pairs)}
    second = {seed: scores(*after) for seed, (_, after) in enumerate(pairs)}
    found = method_difference(first, second, 0.9)
    befores, afters = (np.mean([pair[side] for pair in pairs], axis=1) for side in (0, 1))
    assert found is not None
    assert found.value == pytest.approx(np.mean(afters - befores))
    if np.std(afters - befores) > 1e-9:
        expected = stats.ttest_rel(afters, befores)
        interval = expected.confidence_interval(0.9)
        assert found.p_value == pytest.approx(expected.pvalue)
        ends = max(interval.low, -1), min(interval.high, 1)
        assert (found.low, found.high) == pytest.approx(ends)


def test_only_seeds_that_both_have_are_compared() -> None:
    shared = {0: scores(0, 0), 1: scores(0, 1)}
    other = {0: scores(0, 1), 1: scores(1, 1)}
    alone = method_difference(shared, other, 0.95)
    more = method_difference({**shared, 7: scores(1, 1)}, {**other, 8: scores(0, 0)}, 0.95)
    assert alone is not None
    assert more == alone
    assert method_difference({0: scores(1)}, {1: scores(1)}, 0.95) is None
    assert method_difference({}, {1: scores(1)}, 0.95) is None


def test_one_seed_each_is_compared_over_the_questions_of_both() -> None:
    before = {"a": 0.0, "b": 1.0, "c": 0.0, "d": 1.0, "only before": 1.0}
    after = {"d": 1.0, "c": 0.0, "b": 1.0, "a": 1.0, "only after": 0.0}
    found = method_difference({3: before}, {3: after}, 0.95)
    # One discordant pair of four: 2 / 6 - 1 / 6 around 1/6, half 1.95996 sqrt((.5 - 1/36) / 6).
    assert found is not None
    assert (*numbers(found), found.p_value) == pytest.approx(
        (0.25, -0.38319, 0.71652, 1.0), abs=5e-5
    )
    assert found.test == MCNEMAR


def test_one_shared_seed_of_several_is_no_comparison() -> None:
    """The unit would be another one than the caption says."""
    assert method_difference({3: scores(0, 1), 4: scores(1)}, {3: scores(1, 1)}, 0.95) is None


def test_holm_by_hand() -> None:
    found = holm({"a": paired(0.01), "b": paired(0.04), "c": paired(0.03), "d": paired(0.5)})
    # Ascending .01 · 4 = .04, .03 · 3 = .09, .04 · 2 = .08 but not below the one before: .09,
    # .5 · 1 = .5.
    assert {name: each.p_corrected for name, each in found.items()} == pytest.approx(
        {"a": 0.04, "b": 0.09, "c": 0.09, "d": 0.5}
    )
    assert found["c"].model_copy(update={"p_corrected": None}) == paired(0.03)


def test_holm_counts_only_what_was_compared() -> None:
    found = holm({"a": paired(0.4), "b": None, "c": paired(0.6)})
    # .4 · 2 = .8; .6 · 1 is below it.
    assert list(found) == ["a", "c"]
    assert [each.p_corrected for each in found.values()] == pytest.approx([0.8, 0.8])
    assert holm({"a": paired(0.02)})["a"].p_corrected == pytest.approx(0.02)
    assert holm({"a": None}) == {}
    assert holm({}) == {}


@pytest.mark.parametrize(
    "p_values", [[0.3], [0.2, 0.2, 0.2], [0.001, 0.9, 0.02, 0.02], [0.4, 0.5, 0.01, 0, 1]]
)
def test_holm_is_the_largest_of_the_smaller_ones_times_what_is_left(p_values: list[float]) -> None:
    found = holm({str(place): paired(p) for place, p in enumerate(p_values)})
    ascending = sorted(p_values)
    for place, p_value in enumerate(p_values):
        below = [(q, rank) for rank, q in enumerate(ascending) if q <= p_value]
        expected = min(1.0, max(q * (len(p_values) - rank) for q, rank in below))
        assert found[str(place)].p_corrected == pytest.approx(expected)


def test_the_paper_reports_what_it_averages_to() -> None:
    # The averages as printed (arXiv 2604.03128).
    printed = {
        "base": 51.49,
        "grpo": 53.86,
        "opsd": 52.49,
        "sdpo": 52.74,
        "grpo_opsd": 52.91,
        "rlsd": 56.18,
    }
    assert {len(row) for row in PUBLISHED.values()} == {len(BENCHMARKS)}
    found = {name: sum(scores) / len(scores) for name, scores in PUBLISHED.items()}
    assert found == pytest.approx(printed, abs=0.005)


def test_only_the_first_method_of_a_type_is_the_papers() -> None:
    named = {"plain": "grpo", "rlsd": "rlsd", "strong": "rlsd", "mine": "rlsd_adaptive"}
    found = published_methods(named)
    assert found == {"plain": PUBLISHED["grpo"], "rlsd": PUBLISHED["rlsd"]}
