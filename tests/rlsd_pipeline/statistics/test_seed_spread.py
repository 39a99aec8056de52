"""What of a pilot's spread comes of seeds and what of questions, by hand."""

import math

import pytest

from rlsd_pipeline.statistics.seed_spread import spread_of_questions, spread_of_seeds
from tests.intervals import numbers

TABLE = [[0.0, 0.2], [0.4, 0.8]]


def test_two_seeds_and_two_questions_by_hand() -> None:
    found = spread_of_questions(TABLE, ["a", "b"], 0.95)
    # Seeds .1 and .6. Without the means of seeds and questions ±.05 is left: mean square .01.
    assert (found.seeds, found.questions, found.value) == (2, 2, pytest.approx(0.35))
    assert found.sd == pytest.approx(math.sqrt(0.125))
    # Chi-square's .025 quantile with one degree of freedom is .00098207.
    assert found.sd_high == pytest.approx(math.sqrt(0.125 / 0.00098207), rel=1e-4)
    assert found.of_questions is not None
    # .01 / 2 of .125; F's quantiles with one and one degree of freedom: 1 / 647.79 and 647.79.
    assert numbers(found.of_questions) == pytest.approx((0.04, 0.04 / 647.79, 1.0), rel=1e-4)
    # Questions .2 and .5.
    assert found.question_error == pytest.approx(0.15)


def test_more_questions_lessen_their_part_alone() -> None:
    found = spread_of_questions(TABLE, ["a", "b"], 0.95)
    assert found.factor(2) == pytest.approx(math.sqrt(0.96 + 0.02))
    # .9604 of the variance leaves .0004 to questions: 2 * .04 / .0004.
    assert found.questions_for(0.98 * found.sd) == 200
    assert found.questions_for(0.9 * found.sd) is None


def test_questions_of_a_cluster_are_one() -> None:
    twice = [[0.0, 0.0, 0.2, 0.2], [0.4, 0.4, 0.8, 0.8]]
    together = spread_of_questions(twice, ["a", "a", "b", "b"], 0.95)
    once = spread_of_questions(TABLE, ["a", "b"], 0.95)
    assert together.of_questions is not None
    assert once.of_questions is not None
    assert numbers(together.of_questions) == pytest.approx(numbers(once.of_questions))
    assert together.question_error == pytest.approx(once.question_error)


def test_what_a_pilot_cannot_know() -> None:
    one = spread_of_questions(TABLE[:1], ["a", "b"], 0.95)
    assert math.isnan(one.sd)
    assert math.isinf(one.sd_high)
    assert one.of_questions is None
    # Of 0 and .2.
    assert one.question_error == pytest.approx(0.1)
    equal = spread_of_seeds([0.1, 0.1, 0.1], 0.95)
    assert math.isnan(equal.sd)


def test_a_quantity_without_questions() -> None:
    found = spread_of_seeds([0.1, 0.3], 0.95)
    assert found.sd == pytest.approx(math.sqrt(0.02))
    assert (found.of_questions, found.factor(4), found.questions_for(0.01)) == (None, 1.0, None)
