"""What is learnt of a curve, and what the oracle gains by it."""

import math

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.evaluation.headroom import decide, headroom, oracle_and_grpo
from rlsd_pipeline.stages.evaluation.learning import Learnt, learnt
from rlsd_pipeline.statistics.intervals import with_test, within
from tests.intervals import numbers
from tests.small_experiment import ATTRIBUTES

LEARNING = {
    "grpo": {0: Learnt(0.5, 0.6), 1: Learnt(0.6, 0.7), 2: Learnt(0.4, 0.5)},
    "rlsd": {0: Learnt(0.6, 0.6), 1: Learnt(0.75, 0.7), 2: Learnt(0.525, 0.5)},
    "vine": {0: Learnt(0.7, 0.7), 1: Learnt(0.9, 0.7), 2: Learnt(0.65, 0.4)},
}


def test_the_area_is_the_mean_height() -> None:
    curve = {0: 0.0, 10: 0.5, 20: 1.0, 40: 0.0}
    # Trapezoids 2.5, 7.5 and 10, over 40 updates.
    assert learnt({"grpo": {0: curve}}) == {"grpo": {0: Learnt(0.5, 0.0)}}


def test_the_end_is_the_mean_of_the_last_tenth() -> None:
    curve = {k: float(k) for k in range(20)}
    assert learnt({"grpo": {0: curve}})["grpo"][0].end == 18.5


def test_curves_are_taken_at_shared_updates_and_unfinished_ones_left_out() -> None:
    found = learnt(
        {
            "grpo": {0: {0: 0.0, 5: 9.0, 10: 1.0}, 1: {0: 0.0, 5: 1.0}},
            "vine": {0: {0: 0.0, 10: 0.5}},
        }
    )
    assert found == {"grpo": {0: Learnt(0.5, 1.0)}, "vine": {0: Learnt(0.25, 0.5)}}


def test_nothing_is_learnt_by_a_base_alone() -> None:
    assert learnt({"grpo": {0: {0: 0.5}}, "vine": {0: {}}}) == {}


def test_headroom_is_paired_over_seeds_and_others_have_their_share() -> None:
    found = headroom("accuracy: greedy", "area", LEARNING, ("vine", "grpo"), 0.95)
    assert found is not None
    # .2, .3 and .25; Student's t with 2 degrees of freedom, 4.303 standard errors of .0289.
    assert numbers(found.gain) == pytest.approx((0.25, 0.1258, 0.3742), abs=1e-4)
    (rlsd,) = found.others
    assert numbers(rlsd.share) == pytest.approx((0.5, 0.5, 0.5))
    assert rlsd.gain.value == pytest.approx(0.125)
    assert (found.seeds, rlsd.seeds) == (3, 3)
    assert rlsd.decided == "better"


@pytest.mark.parametrize(
    ("gain", "margin", "room", "decided"),
    [
        ((0.02, 0.01, 0.03), 0.03, (0.1, 0.05, 0.15), "better"),
        ((-0.02, -0.03, -0.01), 0.03, (0.1, 0.05, 0.15), "worse"),
        ((0.02, -0.03, 0.07), 0.05, (0.1, 0.05, 0.15), "equal"),
        ((0.02, -0.04, 0.08), 0.051, (0.1, 0.05, 0.15), "open"),
        # Half of a headroom that may be nothing is no margin.
        ((0.0, -0.01, 0.01), 0.01, (0.1, -0.05, 0.25), "open"),
    ],
)
def test_a_method_is_decided_against_half_of_the_headroom(
    gain: tuple[float, float, float],
    margin: float,
    room: tuple[float, float, float],
    decided: str,
) -> None:
    paired = [with_test(within(one[0], one[1:]), 0.5, "paired t") for one in (gain, room)]
    assert decide(paired[0], margin, paired[1]) == decided


def test_a_headroom_that_may_be_nothing_bounds_no_share() -> None:
    found = headroom("accuracy: greedy", "end", LEARNING, ("vine", "grpo"), 0.95)
    assert found is not None
    assert found.gain.value == pytest.approx(0.0)
    share = found.others[0].share
    assert share is not None
    assert (share.low, share.high) == (-math.inf, math.inf)


def test_without_shared_seeds_there_is_none() -> None:
    apart = {"grpo": {0: Learnt(0.5, 0.5)}, "vine": {1: Learnt(0.5, 0.5)}}
    assert headroom("x", "area", apart, ("vine", "grpo"), 0.95) is None


def test_an_experiment_has_an_oracle_or_not() -> None:
    experiment = ExperimentConfig.model_validate(ATTRIBUTES)
    assert oracle_and_grpo(experiment) is None
    arms = [*ATTRIBUTES["arms"], {"name": "measured", "weighting": {"type": "vine"}}]
    declared = ExperimentConfig.model_validate({**ATTRIBUTES, "arms": arms})
    assert oracle_and_grpo(declared) == ("measured", "grpo")
