import pytest

from rlsd_pipeline.diagnostics.properties.recording import Evaluation, RunRecording
from rlsd_pipeline.diagnostics.properties.sustained_improvement import sustained_improvement
from rlsd_pipeline.statistics.intervals import within
from tests.intervals import numbers


def run(scores: list[float], error: float = 0.01, first: int = 0, arm: str = "s") -> RunRecording:
    """Evaluations every 10 updates, each with a standard error."""
    half = 1.959964 * error
    evaluations = [
        Evaluation(first + 10 * i, within(score, (score - half, score + half)), 1000)
        for i, score in enumerate(scores)
    ]
    return RunRecording(arm, evaluations=evaluations)


def test_one_seed_by_hand() -> None:
    found = sustained_improvement([run([0.5, 0.54, 0.56])])
    evidence = found.seeds[0].evidence
    # .56 - .5; its error is .01 sqrt 2, times 1.959964 = .027718.
    assert evidence["gain"] == pytest.approx(0.06)
    assert evidence["gain_low"] == pytest.approx(0.06 - 0.027718, abs=1e-6)
    assert evidence["gain_high"] == pytest.approx(0.06 + 0.027718, abs=1e-6)
    # The best earlier one is lower: .54 - .56.
    assert evidence["decline"] == pytest.approx(-0.02)
    assert evidence["best_updates"] == 10
    assert found.seeds[0].holds is True
    assert numbers(found.pooled["gain"]) == pytest.approx((0.06, 0.032282, 0.087718), abs=1e-6)
    assert found.holds is True


def test_decline_by_hand() -> None:
    found = sustained_improvement([run([0.5, 0.6, 0.56])])
    evidence = found.seeds[0].evidence
    # z = .04 / .0141421 = 2.828427, one-sided p .0023389, times two earlier evaluations.
    assert evidence["decline"] == pytest.approx(0.04)
    assert evidence["decline_p_value"] == pytest.approx(0.0046777, abs=1e-6)
    assert found.seeds[0].holds is False
    assert found.holds is False


def test_a_decline_within_the_noise_does_not_count() -> None:
    # z = .02 / .0141421 = 1.414, one-sided .079, twice .157.
    found = sustained_improvement([run([0.5, 0.6, 0.58])])
    assert found.seeds[0].evidence["decline_p_value"] == pytest.approx(0.157299, abs=1e-5)
    assert found.holds is True


def test_all_seeds_together_can_show_a_decline_that_none_shows_alone() -> None:
    # Each declines by .02, .021 and .019: alone within the noise, together t = 34.6.
    seeds = [run([0.5, 0.6, score]) for score in (0.58, 0.579, 0.581)]
    found = sustained_improvement(seeds)
    assert [seed.holds for seed in found.seeds] == [True] * 3
    # Mean .02, standard deviation .001, t(1 - .05/4, 2) = 6.205347 for two earlier evaluations.
    half = 6.205347 * 0.001 / 3**0.5
    assert numbers(found.pooled["decline"]) == pytest.approx(
        (0.02, 0.02 - half, 0.02 + half), abs=1e-6
    )
    assert found.holds is False


def test_a_majority_is_not_enough() -> None:
    seeds = [run([0.5, 0.55, 0.6])] * 3 + [run([0.5, 0.6, 0.5])]
    found = sustained_improvement(seeds)
    assert [seed.holds for seed in found.seeds] == [True, True, True, False]
    assert found.holds is False


def test_seeds_that_disagree_cannot_be_told() -> None:
    # Gains .1, .02 and .06 are each fine; Student's interval of three is .06 ± .0994.
    found = sustained_improvement(
        [run([0.5, 0.5, 0.5 + gain], 0.001) for gain in (0.1, 0.02, 0.06)]
    )
    assert [seed.holds for seed in found.seeds] == [True] * 3
    assert found.pooled["gain"].value == pytest.approx(0.06)
    assert found.pooled["gain"].low == pytest.approx(0.06 - 4.302653 * 0.04 / 3**0.5, abs=1e-6)
    assert found.holds is None


def test_seeds_that_agree_can_show_a_gain_that_none_shows_alone() -> None:
    found = sustained_improvement([run([0.5, 0.5, 0.5 + gain]) for gain in (0.019, 0.02, 0.021)])
    assert [seed.holds for seed in found.seeds] == [None] * 3
    assert found.holds is True


@pytest.mark.parametrize(("error", "holds"), [(0.001, False), (0.01, None)])
def test_no_gain_is_a_no_only_if_it_is_shown(error: float, holds: bool | None) -> None:
    # The gain is .002; its upper end .002 + 1.96 sqrt 2 * error is .0048 and .0297.
    found = sustained_improvement([run([0.5, 0.5, 0.502], error)], minimum_gain=0.01)
    assert found.holds is holds


def test_below_the_base_is_a_no() -> None:
    assert sustained_improvement([run([0.5, 0.5, 0.4])]).holds is False


def test_many_seeds_raise_no_false_alarm() -> None:
    # z = 2.2, one-sided .0139, twice .0278: a no for one seed, and none of four.
    scores = [0.5, 0.6, 0.6 - 2.2 * 0.0141421]
    assert sustained_improvement([run(scores)]).seeds[0].holds is False
    several = sustained_improvement([run(scores), *[run([0.5, 0.56, 0.57])] * 3])
    assert [seed.holds for seed in several.seeds] == [True] * 4


@pytest.mark.parametrize(
    "recording", [run([0.5, 0.9]), run([0.5, 0.6, 0.7], first=10), RunRecording("s")]
)
def test_a_short_recording_cannot_be_told(recording: RunRecording) -> None:
    found = sustained_improvement([recording])
    assert found.holds is None
    assert found.pooled == {}
    # Nor can a method with a missing seed.
    assert sustained_improvement([recording, *[run([0.5, 0.6, 0.7])] * 2]).holds is None


def test_evaluations_need_no_order() -> None:
    ordered = run([0.5, 0.6, 0.56])
    turned = RunRecording("s", evaluations=list(reversed(ordered.evaluations)))
    assert sustained_improvement([turned]) == sustained_improvement([ordered])


def test_seeds_evaluated_at_other_times_have_no_pooled_decline() -> None:
    found = sustained_improvement([run([0.5, 0.6, 0.62]), run([0.5, 0.6, 0.61, 0.62])])
    assert found.pooled.keys() == {"gain"}


def test_scores_without_any_noise() -> None:
    assert sustained_improvement([run([0.5, 0.6, 0.7], 0.0)]).holds is True
    assert sustained_improvement([run([0.5, 0.7, 0.6], 0.0)]).holds is False
    assert sustained_improvement([run([0.5, 0.6, 0.6], 0.0)]).holds is True
