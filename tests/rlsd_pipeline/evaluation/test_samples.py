"""avg@k, pass@k and pass^k against counting all draws by hand."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.evaluation.samples import Tally, avg_at_k, pass_at_k, pass_hat_k, tally
from rlsd_pipeline.evaluation.scored import Scored
from schemas import Problem, Verdict
from tests.intervals import numbers

TALLIES = {"a": Tally(5, 5), "b": Tally(5, 2), "c": Tally(5, 0)}


def scored(name: str, sample: int, verdict: Verdict) -> Scored:
    problem = Problem(
        problem_id=name,
        split="test",
        question="How many?",
        images=[],
        answer="3",
        solution=None,
        choices=[],
        attributes={},
    )
    return Scored(problem, sample, "3", "3", verdict)


def test_tally_leaves_verifier_errors_out() -> None:
    rows = [
        scored("a", 0, Verdict.CORRECT),
        scored("a", 1, Verdict.VERIFIER_ERROR),
        scored("a", 2, Verdict.UNPARSED),
        scored("b", 0, Verdict.VERIFIER_ERROR),
    ]
    assert tally(rows) == {"a": (2, 1), "b": (0, 0)}
    found = avg_at_k(tally(rows), 0.95)
    assert (found.estimate.value, found.questions, found.left_out) == (0.5, 1, 1)


def test_three_questions_by_hand() -> None:
    # avg@5: (1 + .4 + 0) / 3; pass@2 of 2 in 5: 1 - C(3,2) / C(5,2) = .7; pass^2: 1 / 10.
    assert avg_at_k(TALLIES, 0.95).estimate.value == pytest.approx(1.4 / 3)
    assert pass_at_k(TALLIES, 2, 0.95).estimate.value == pytest.approx(1.7 / 3)
    assert pass_hat_k(TALLIES, 2, 0.95).estimate.value == pytest.approx(1.1 / 3)
    # With all five drawn: any of them, and all of them.
    assert pass_at_k(TALLIES, 5, 0.95).estimate.value == pytest.approx(2 / 3)
    assert pass_hat_k(TALLIES, 5, 0.95).estimate.value == pytest.approx(1 / 3)


def test_one_draw_is_the_average() -> None:
    average = avg_at_k(TALLIES, 0.95).estimate
    assert pass_at_k(TALLIES, 1, 0.95).estimate == pytest.approx(average)
    assert pass_hat_k(TALLIES, 1, 0.95).estimate == pytest.approx(average)


def test_the_interval_is_over_questions() -> None:
    # Means 1, .4, 0: error² .253333 / 3, trials .248889 / .084444 = 2.947368; t(.75, 2)² = 2 / 3:
    # centre (.466667 + .113095) / 1.226190, half sqrt(.226190 (.248889 + .056548)) / 1.226190.
    found = avg_at_k(TALLIES, 0.5).estimate
    assert (found.low, found.high) == pytest.approx((0.258458, 0.687174), abs=5e-6)


def test_clusters_change_the_interval_alone() -> None:
    alone = avg_at_k(TALLIES, 0.5).estimate
    # Deviations .53333, -.06667, -.46667 in clusters (a, b), c: sums +-.46667;
    # error sqrt(2 * 2 * .21778) / 3 = .31111: 18 / 7 trials; t(.75, 1) = 1:
    # centre (.466667 + 7 / 36) / (25 / 18), half sqrt(7 / 18 (.248889 + 7 / 72)) / (25 / 18).
    found = avg_at_k(TALLIES, 0.5, {"a": "x", "b": "x"}).estimate
    assert numbers(found) == pytest.approx((alone.value, 0.211849, 0.740151), abs=5e-6)


def test_a_small_chance_is_not_lost_to_rounding() -> None:
    many = {"a": Tally(10**17, 1)}
    assert pass_at_k(many, 1, 0.95).estimate.value == 1e-17


@given(st.integers(1, 8), st.data())
def test_every_draw_counted(n: int, data: st.DataObject) -> None:
    correct, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(combinations([True] * correct + [False] * (n - correct), k))
    one = {"a": Tally(n, correct)}
    found = pass_at_k(one, k, 0.95).estimate.value
    assert found == pytest.approx(sum(map(any, draws)) / len(draws))
    found = pass_hat_k(one, k, 0.95).estimate.value
    assert found == pytest.approx(sum(map(all, draws)) / len(draws))


def test_questions_with_too_few_samples_are_left_out_and_counted() -> None:
    found = pass_at_k({"a": Tally(4, 4), "b": Tally(3, 0)}, 4, 0.95)
    assert (found.estimate.value, found.questions, found.left_out) == (1.0, 1, 1)
    with pytest.raises(ValueError, match="no question has 6 judged responses; the most is 5"):
        pass_at_k(TALLIES, 6, 0.95)
    with pytest.raises(ValueError, match="k is 0"):
        pass_hat_k(TALLIES, 0, 0.95)
