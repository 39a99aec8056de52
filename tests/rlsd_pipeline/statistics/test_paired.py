"""Two policies on the same questions: McNemar, sign flips, bootstrap, Holm."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from rlsd_pipeline.statistics.intervals import EQUAL, with_test, within
from rlsd_pipeline.statistics.methods import holm
from rlsd_pipeline.statistics.paired import (
    CLUSTER_FLIP,
    MCNEMAR,
    SIGN_FLIP,
    compare_policies,
    rejects,
)
from schemas import ScoreDifference

SHARES = st.sampled_from([0.0, 0.25, 0.5, 1.0])


def scores(*values: float) -> dict[str, float]:
    return {f"q{place:04d}": value for place, value in enumerate(values)}


def binary(both: int, first: int, second: int, neither: int) -> ScoreDifference:
    before = [1.0] * both + [1.0] * first + [0.0] * (second + neither)
    after = [1.0] * both + [0.0] * first + [1.0] * second + [0.0] * neither
    return compare_policies(scores(*before), scores(*after))


def test_mcnemar_by_hand() -> None:
    found = binary(both=4, first=1, second=5, neither=0)
    # Of 6 discordant at most 1 the other way: 2 (1 + 6) / 64.
    assert found.p_value == pytest.approx(0.21875)
    assert found.test == MCNEMAR
    assert found.value == pytest.approx(0.4)
    # (6 + 2) / 12 - (4 / 12)^2 = .55556; / 12 = .046296; 1.95996 sqrt(.046296) = .42172.
    assert (found.low, found.high) == pytest.approx((1 / 3 - 0.42172, 1 / 3 + 0.42172), abs=5e-5)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 20))
def test_mcnemar_agrees_with_statsmodels(first: int, second: int, both: int) -> None:
    found = binary(both, first, second, 0)
    expected = mcnemar([[both, first], [second, 0]], exact=True).pvalue
    assert found.p_value == pytest.approx(min(1.0, expected))
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_no_discordant_pair() -> None:
    found = binary(3, 0, 0, 2)
    assert (found.value, found.p_value) == (0.0, 1.0)
    assert found.low < 0 < found.high


def test_half_points_by_all_sign_flips() -> None:
    found = compare_policies(scores(0, 0.5, 0, 1), scores(0.5, 1, 0.5, 1))
    # |sum| = 1.5 only where all three have one sign: 2 of 8.
    assert (found.test, found.p_value) == (SIGN_FLIP, 0.25)
    assert found.value == 0.375
    # A sign-flip test of three that moved never rejects at 5 %.
    assert (found.low, found.high) == (-1.0, 1.0)


def test_the_interval_of_a_sign_flip_inverts_it() -> None:
    before, after = scores(*[0.5] * 7), scores(0.6, 0.55, 0.8, 0.7, 0.45, 0.9, 0.65)
    found = compare_policies(before, after, confidence=0.9)
    differences = np.array([0.1, 0.05, 0.3, 0.2, -0.05, 0.4, 0.15])
    signs = np.array(list(itertools.product([1, -1], repeat=7)))

    def rejected(difference: float) -> bool:
        sums = signs @ (differences - difference)
        return bool(np.mean(np.abs(sums) >= abs(sums[0]) - 1e-12) < 0.1)

    # Of 128 flips 2, 4, 6, ... sum up to as much: of all differences at hand by grid.
    kept = [d for d in np.linspace(-0.5, 0.9, 14001) if not rejected(d)]
    assert (found.low, found.high) == pytest.approx((kept[0], kept[-1]), abs=2e-4)
    assert found.p_value == np.mean(np.abs(signs @ differences) >= differences.sum() - 1e-12)


@given(st.lists(st.tuples(SHARES, SHARES, st.sampled_from("abcdefghijklmnopq")), min_size=1))
def test_an_interval_and_its_test_agree(rows: Sequence[tuple[float, float, str]]) -> None:
    """All equal, all in one direction, one discordant pair, few clusters: never a contradiction."""
    before, after = (scores(*[row[side] for row in rows]) for side in (0, 1))
    clusters = {f"q{place:04d}": row[2] for place, row in enumerate(rows)}
    for found in (compare_policies(before, after), compare_policies(before, after, clusters)):
        assert (found.low <= 0 <= found.high) == (found.p_value >= 1 - 0.95)
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert found.high - found.low > 1e-6 or found.p_value < 0.05


def test_equal_half_points_are_no_certainty() -> None:
    found = compare_policies(scores(0, 0), scores(0.5, 0.5))
    # .5, .5, -1, 1: mean .25, standard error .433, t = .577 with 3 degrees of freedom.
    assert found.test == EQUAL
    assert found.p_value == pytest.approx(0.60422, abs=1e-4)
    assert (found.low, found.high) == (-1.0, 1.0)


def test_where_the_interval_alone_would_contradict_mcnemar() -> None:
    found = binary(both=0, first=3, second=11, neither=0)
    # 2 P(at most 3 of 14) = 2 * 470 / 16384; Bonett and Price: .5 around half
    # 1.95996 sqrt(.75 / 16) = .42434, so that alone it would begin at .0757.
    assert found.p_value == pytest.approx(0.057373, abs=1e-6)
    assert found.low == 0.0
    assert found.high == pytest.approx(0.92434, abs=5e-5)


def test_intervals_of_few_clusters_cover() -> None:
    """A bootstrap over eight clusters covers in some 88 %; the inverted test does not lose that."""
    chance, covered = np.random.default_rng(5), 0
    for _ in range(400):
        noise = chance.choice([-0.5, 0.0, 0.25, 0.5], 8, p=[0.2, 0.3, 0.2, 0.3])
        found = compare_policies(scores(*[0.5] * 8), scores(*(0.5 + noise)))
        covered += found.low <= 0.1 <= found.high
    assert covered / 400 >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / 400)


def test_questions_of_a_cluster_flip_together() -> None:
    before, after = scores(0, 0, 0, 1, 1), scores(1, 1, 1, 0, 1)
    clusters = {"q0000": "a", "q0001": "a", "q0002": "a", "q0003": "b", "q0004": "c"}
    found = compare_policies(before, after, clusters)
    # Sums 3, -1 and 0: |2| or more for every combination of signs.
    assert (found.test, found.p_value) == (CLUSTER_FLIP, 1.0)
    assert found.value == pytest.approx(0.4)
    assert (found.low, found.high) == (-1.0, 1.0)


def test_clusters_of_one_question_are_still_mcnemar() -> None:
    before, after = scores(0, 0, 1), scores(1, 1, 1)
    assert compare_policies(before, after, {"q0000": "a", "q0001": "b"}).test == MCNEMAR


def test_the_sign_flip_agrees_with_the_normal_interval_on_many_questions() -> None:
    chance = np.random.default_rng(0)
    before = chance.choice([0.0, 0.5, 1.0], 525)
    after = np.clip(before + chance.choice([-0.5, 0, 0, 0, 0.5, 0.5], 525), 0, 1)
    found = compare_policies(scores(*before), scores(*after))
    differences = after - before
    half = 1.96 * differences.std(ddof=1) / math.sqrt(525)
    assert found.low == pytest.approx(differences.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(differences.mean() + half, abs=0.1 * half)
    assert found == compare_policies(scores(*before), scores(*after))


def test_sign_flips_keep_their_level() -> None:
    """Policies that do not differ are called different at 5 % some 5 % of the time."""
    chance = np.random.default_rng(1)
    p_values = []
    for _ in range(400):
        noise = chance.choice([-0.5, 0.0, 0.5], 9)
        p_values.append(compare_policies(scores(*[0.5] * 9), scores(*(0.5 + noise))).p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)


def test_direction_is_second_minus_first() -> None:
    first, second = scores(1, 0.5, 0.25), scores(0, 0.25, 0.25)
    forward, backward = compare_policies(first, second), compare_policies(second, first)
    assert forward.value == -backward.value < 0
    assert forward.p_value == backward.p_value
    assert (forward.low, forward.high) == (-backward.high, -backward.low)


def test_only_shared_questions_are_compared() -> None:
    found = compare_policies({"a": 1, "b": 0, "x": 1}, {"b": 1, "a": 1, "y": 0, "z": 0})
    assert found.value == 0.5
    with pytest.raises(ValueError, match="no question in common"):
        compare_policies({"a": 1.0}, {"b": 1.0})


def test_one_cluster_bounds_nothing() -> None:
    found = compare_policies(scores(0, 0), scores(1, 1), {"q0000": "a", "q0001": "a"})
    assert (found.low, found.high, found.p_value) == (-1.0, 1.0, 1.0)


def test_holm_over_five() -> None:
    comparisons = {
        name: with_test(within(0.1, (0.0, 0.2)), p_value, MCNEMAR)
        for name, p_value in zip("abcde", [0.01, 0.04, 0.03, 0.005, 0.9], strict=True)
    }
    # Sorted .005, .01, .03, .04, .9 times 5, 4, 3, 2, 1, never falling.
    corrected = {name: found.p_corrected for name, found in holm(comparisons).items()}
    assert corrected == pytest.approx({"a": 0.04, "b": 0.09, "c": 0.09, "d": 0.025, "e": 0.9})
    assert holm({}) == {}


def test_a_p_of_just_the_level_does_not_reject() -> None:
    assert [rejects(p, 0.95) for p in (0.0499, 0.05, 0.0501)] == [True, False, False]
