"""The mean over questions, its interval with and without clusters, and the breakdown."""

import math

import pytest
from scipy import stats

from rlsd_pipeline.evaluation.aggregate import by_question, question_means
from rlsd_pipeline.evaluation.scored import Scored
from rlsd_pipeline.statistics.intervals import (
    clustered_error,
    clustered_interval,
    score_interval,
    wilson_share,
)
from schemas import Problem, Verdict
from tests.intervals import numbers

RIGHT, WRONG = Verdict.CORRECT, Verdict.INCORRECT


def scored(name: str, verdict: Verdict, sample: int = 0, **attributes: str) -> Scored:
    problem = Problem(
        problem_id=name,
        split="test",
        question="How many?",
        images=[],
        answer="3",
        solution=None,
        choices=[],
        attributes=attributes,
    )
    return Scored(problem, sample, "3", "3", verdict)


def test_one_response_a_question() -> None:
    found = by_question()([scored("a", RIGHT), scored("b", WRONG), scored("c", RIGHT)], 0.95)
    assert found.question_scores == {"a": 1.0, "b": 0.0, "c": 1.0}
    assert found.score == wilson_share(2, 3)
    assert found.breakdown == {}


def test_every_unread_response_is_wrong_and_an_error_is_left_out() -> None:
    verdicts = [RIGHT, Verdict.UNPARSED, Verdict.TRUNCATED, WRONG, Verdict.VERIFIER_ERROR]
    rows = [scored(f"q{i}", verdict) for i, verdict in enumerate(verdicts)]
    found = by_question()(rows, 0.95)
    assert found.score.value == 0.25
    assert "q4" not in found.question_scores


def test_questions_count_alike_however_many_samples_were_judged() -> None:
    rows = [
        scored("a", RIGHT, 0),
        scored("a", Verdict.VERIFIER_ERROR, 1),
        scored("b", WRONG, 0),
        scored("b", WRONG, 1),
    ]
    assert question_means(rows) == {"a": 1.0, "b": 0.0}
    assert by_question()(rows, 0.95).score.value == 0.5


def test_breakdown_in_order_of_labels_and_values() -> None:
    rows = [
        scored("a", RIGHT, subject="geometry", level="2"),
        scored("b", WRONG, subject="algebra", level="1"),
        scored("c", RIGHT, subject="algebra"),
        scored("d", Verdict.VERIFIER_ERROR, subject="logic"),
    ]
    found = by_question("subject", "level")(rows, 0.95).breakdown
    assert list(found) == ["subject=algebra", "subject=geometry", "level=1", "level=2"]
    assert (found["subject=algebra"].n, found["subject=algebra"].score) == (2, 0.5)
    assert found["level=2"].score == 1.0


def test_questions_of_one_cluster_widen_the_interval() -> None:
    rows = [
        scored(f"{cluster}{i}", verdict, cluster=cluster)
        for cluster, verdict in {"w": RIGHT, "x": WRONG, "y": RIGHT, "z": RIGHT}.items()
        for i in range(3)
    ]
    alone = score_interval([1.0] * 9 + [0.0] * 3, 0.95)
    found = by_question("cluster")(rows, 0.95)
    assert found.score.value == alone.value == 0.75
    # Cluster sums of deviations .75, -2.25, .75, .75: squares 6.75, error
    # sqrt(4 / 3 * 6.75) / 12 = .25: three effective trials; t(.975, 3)² / 3 = 3.375988:
    # centre 2.437994 / 4.375988, half sqrt(3.375988 (.1875 + .843997)) / 4.375988.
    assert numbers(found.score) == pytest.approx((0.75, 0.130690, 0.983570), abs=5e-6)
    assert found.breakdown["cluster=x"].interval_high == 1.0


def test_clustered_interval_by_hand() -> None:
    # Mean .5, deviations a: .5 - .5, b: .5 + .5, c: -.5 - .5 -> sums 0, 1, -1 of n = 6;
    # error sqrt(3 / 2 * 2) / 6 = .28868: .25 * 12 = 3 effective trials; t(.75, 2)² / 3 = 2 / 9:
    # half sqrt(2 / 9 (.25 + 1 / 18)) / (11 / 9).
    found = clustered_interval([1, 0, 1, 1, 0, 0], list("aabbcc"), 0.5)
    assert numbers(found) == pytest.approx((0.5, 0.286799, 0.713201), abs=5e-6)


def test_an_unequal_cluster_by_hand() -> None:
    # Mean .25; sums a: .75 - .25 = .5, b: -.5; error sqrt(2 / 1 * .5) / 4 = .25.
    assert clustered_error([1, 0, 0, 0], list("aabb")) == pytest.approx(0.25)
    # Mean .5; a: 3 * .5 = 1.5, b: -1.5 -> sqrt(2 * 4.5) / 6 = .5, all of it between clusters.
    assert clustered_error([1, 1, 1, 0, 0, 0], list("aaabbb")) == pytest.approx(0.5)


def test_clusters_of_one_question_are_none() -> None:
    values = [1.0, 0.5, 0.0, 0.25]
    assert clustered_error(values, list("abcd")) == pytest.approx(stats.sem(values))
    assert clustered_interval(values, list("abcd"), 0.9) == score_interval(values, 0.9)


def test_little_to_go_by() -> None:
    assert numbers(clustered_interval([1, 0], ["a", "a"], 0.95)) == (0.5, 0.0, 1.0)
    assert math.isnan(clustered_error([1, 0], ["a", "a"]))
    # All right: no more certain than two independent trials.
    assert clustered_interval([1] * 20, list("ab") * 10, 0.95) == wilson_share(2, 2)
    # No cluster deviates from the mean: as many trials as clusters. The exact limit of 1.5 of 3 is
    # where the beta distribution with 1.5 and 2.5 has .05 below it: further than Wilson's .125335.
    found = clustered_interval([1, 0] * 3, list("aabbcc"), 0.95)
    assert numbers(found) == pytest.approx((0.5, 0.062413, 0.937587), abs=5e-6)
    assert numbers(by_question("subject")([], 0.95).score) == (0.0, 0.0, 1.0)


def test_as_many_clusters_as_scores() -> None:
    with pytest.raises(ValueError, match="2 values and 1 clusters"):
        clustered_interval([1, 0], ["a"], 0.95)
