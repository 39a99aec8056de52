import math

import numpy as np
import pytest

from rlsd_pipeline.diagnostics.properties.objective_stability import objective_stability
from rlsd_pipeline.diagnostics.properties.recording import PropertyResult, RunRecording
from tests.intervals import numbers


def calm(seed: int, iterations: int = 100) -> list[float]:
    return list(1 + 0.05 * np.random.default_rng(seed).normal(size=iterations))


def falling(seed: int, end: float = 0.2, iterations: int = 100) -> list[float]:
    """From 1 to 0.2 in the first half, then in a line to `end`, with 5 % of noise."""
    half = iterations // 2
    trend = np.concatenate([np.linspace(1, 0.2, half), np.linspace(0.2, end, half)])
    noise = np.random.default_rng(seed).normal(size=iterations)
    return list(trend * (1 + 0.05 * noise))


def judged(*pairs: tuple[list[float], list[float]]) -> PropertyResult:
    return objective_stability(
        [
            RunRecording(f"s{seed}", objective=objective, divergence=divergence)
            for seed, (objective, divergence) in enumerate(pairs)
        ]
    )


def test_calm_seeds_are_stable() -> None:
    found = judged(*((calm(seed), falling(seed)) for seed in range(3)))
    assert found.holds is True
    assert [seed.holds for seed in found.seeds] == [True] * 3
    # No seed rebounds: three equal numbers say nothing of the spread, and each seed spoke alone.
    assert numbers(found.pooled["rebound"]) == (0.0, -math.inf, math.inf)


def test_residuals_by_hand() -> None:
    # 0 2 0 2 … with one 7: the median of two neighbours is their mean, 2 around a 0 and 0 around a
    # 2, so the residuals are -2 and 2. Around the 7: 2 - 3.5 = -1.5 twice, and 7 - 2 = 5 itself.
    # The ends are compared with medians continued as 2 * 0 - 2 and 2 * 2 - 0: residuals 2 and -2.
    objective = [0.0, 2.0] * 12
    objective[10] = 7.0
    run = RunRecording("s", objective=objective)
    found = objective_stability([run], warmup=0, reach=1, spike=1.5)
    # In order: -2 (11 times), -1.5 (twice), 2 (10 times), 5; the 12th and the 13th are -1.5.
    # Distances from it: 0 (twice), 0.5 (11 times), 3.5 (10 times), 6.5; both middle ones are 0.5.
    assert found.seeds[0].evidence["largest_excursion"] == pytest.approx(5 / (1.4826 * 0.5))
    assert found.seeds[0].holds is False


def test_a_trend_is_no_spike() -> None:
    objective = list(np.linspace(5, 1, 100) + 0.01 * np.random.default_rng(0).normal(size=100))
    found = judged(*((objective, falling(seed)) for seed in range(2)))
    assert found.holds is True


@pytest.mark.parametrize("place", [10, 11, 98, 99])
def test_a_spike_at_an_end_is_one(place: int) -> None:
    spiked = calm(0)
    spiked[place] = 5.0
    assert judged((spiked, falling(0))).seeds[0].holds is False


@pytest.mark.parametrize("value", [5.0, -3.0, math.nan, math.inf])
def test_a_spike_in_one_seed_is_a_no(value: float) -> None:
    spiked = calm(0)
    spiked[60] = value
    found = judged((spiked, falling(0)), (calm(1), falling(1)), (calm(2), falling(2)))
    assert found.holds is False
    assert [seed.holds for seed in found.seeds] == [False, True, True]


def test_a_spike_during_the_warm_up_does_not_count() -> None:
    spiked = calm(0)
    spiked[5] = 50.0
    assert judged((spiked, falling(0)), (calm(1), falling(1))).holds is True


def test_growing_away_from_the_teacher_is_a_no() -> None:
    found = judged(*((calm(seed), falling(seed, end=0.6)) for seed in range(3)))
    assert found.holds is False
    assert all(seed.evidence["rebound_p_value"] < 0.05 / 3 for seed in found.seeds)


def test_rebound_by_hand() -> None:
    # Five blocks of four without noise: 5 3 2 2 2.4, 20 % above the lowest.
    blocks = [[level] * 4 for level in (5.0, 3.0, 2.0, 2.0, 2.4)]
    divergence = [value for block in blocks for value in block]
    run = RunRecording("s", objective=calm(0, 20), divergence=divergence)
    found = objective_stability([run], warmup=0)
    assert found.seeds[0].evidence["rebound"] == pytest.approx(0.2)
    assert found.seeds[0].holds is True
    # One seed bounds nothing.
    assert found.holds is None
    assert objective_stability([run], warmup=0, rebound=0.1).seeds[0].holds is False


def test_a_rebound_within_the_noise_cannot_be_told() -> None:
    # The last block is 50 % above the lowest, and scatters by 100 %.
    divergence = [1.0] * 16 + [0.5, 2.5, 0.5, 2.5]
    run = RunRecording("s", objective=calm(0, 20), divergence=divergence)
    found = objective_stability([run], warmup=0)
    assert found.seeds[0].evidence["rebound"] == pytest.approx(0.5)
    assert found.seeds[0].holds is None


def test_p_value_by_hand() -> None:
    # The last block: mean 1.4, variance .16 / 3, so its mean has the error sqrt(.04 / 3) = .11547.
    # Beyond the tolerated 1.25: t = .15 / .11547 = 1.299 = .75 sqrt 3. With 3 degrees of freedom
    # P(T > t) = 1/2 - (.75 / 1.5625 + atan .75) / π = .142379; times four earlier blocks.
    divergence = [1.0] * 16 + [1.2, 1.6, 1.2, 1.6]
    run = RunRecording("s", objective=calm(0, 20), divergence=divergence)
    found = objective_stability([run], warmup=0)
    assert found.seeds[0].evidence["rebound_p_value"] == pytest.approx(4 * 0.142379, abs=1e-5)


def test_pure_noise_is_rarely_called_unstable() -> None:
    generator = np.random.default_rng(0)
    wrong = 0
    for _ in range(100):
        runs = [
            (list(generator.gamma(4, 0.25, 60)), list(generator.gamma(4, 0.25, 60)))
            for _ in range(3)
        ]
        wrong += judged(*runs).holds is False
    # 5 % at most are allowed for the divergence, 10 of 100 is four standard errors above none.
    assert wrong <= 10


def test_a_short_recording_cannot_be_told() -> None:
    found = judged((calm(0, 15), falling(0, iterations=14)))
    assert found.holds is None
    assert found.seeds[0].evidence == {}
    assert found.pooled == {}


def test_a_seed_without_divergence_keeps_the_others_from_a_yes() -> None:
    found = judged((calm(0), falling(0)), (calm(1), falling(1)), (calm(2), []))
    assert found.holds is None
    assert [seed.holds for seed in found.seeds] == [True, True, None]
    assert found.seeds[2].evidence.keys() == {"largest_excursion"}


def test_a_constant_recording_has_neither_spike_nor_rebound() -> None:
    found = judged(([1.0] * 50, [0.0] * 50), ([0.0] * 50, [2.0] * 50))
    assert found.holds is True
    assert [seed.evidence["largest_excursion"] for seed in found.seeds] == [0, 0]


def test_the_definition_names_the_thresholds() -> None:
    run = RunRecording("s", objective=calm(0), divergence=falling(0))
    found = objective_stability([run], spike=7, rebound=0.4)
    assert "7 robust" in found.definition
    assert "40%" in found.definition


def test_what_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="no recordings"):
        objective_stability([])
    with pytest.raises(ValueError, match="negative"):
        judged((calm(0), [-0.1] * 100))
    with pytest.raises(ValueError, match="reach"):
        objective_stability([RunRecording("s")], reach=7)
