"""Fidelity, against a policy whose values are enumerated."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from rlsd_pipeline.credit.comparison import within_responses
from rlsd_pipeline.credit.fidelity import (
    Fidelity,
    MeasuredAdvantages,
    fidelities,
    reliability,
)
from tests.enumerated_policy import Table, Tree
from tests.intervals import numbers


def exact(advantages: list[float], rows: list[int], groups: list[int]) -> MeasuredAdvantages:
    values, spans = np.array(advantages), np.arange(len(advantages))
    return MeasuredAdvantages(values, values, spans, spans + 1, np.array(rows), np.array(groups))


def value(credit: ArrayLike, measured: MeasuredAdvantages) -> float | None:
    found = fidelities({"one": np.asarray(credit)}, measured, "grpo")["one"].value
    return None if found is None else found.value


def test_by_hand() -> None:
    measured = exact([3.0, 0.0, 4.0, 0.0], [0, 0, 1, 1], [0, 0, 1, 1])
    assert value([3.0, 0.0, 4.0, 0.0], measured) == pytest.approx(1.0)
    assert value([-0.3, 0.0, -0.4, 0.0], measured) == pytest.approx(-1.0)
    assert value([0.0, 1.0, 0.0, 2.0], measured) == 0.0
    # ⟨(1,1,1,1), (3,0,4,0)⟩ / (2 · 5)
    assert value([1.0, 1.0, 1.0, 1.0], measured) == pytest.approx(0.7)


def test_products_are_of_different_halves() -> None:
    measured = exact([0.0, 0.0], [0, 0], [0, 0])
    measured = MeasuredAdvantages(
        np.array([1.0, 2.0]),
        np.array([3.0, 1.0]),
        measured.starts,
        measured.ends,
        measured.rows,
        measured.groups,
    )
    # ⟨c, (2, 1.5)⟩ / (‖c‖ sqrt(1·3 + 2·1)) with c = (1, 0)
    assert value([1.0, 0.0], measured) == pytest.approx(2 / np.sqrt(5))
    assert reliability(measured) == pytest.approx(5 / np.sqrt(5 * 10))


def test_a_credit_that_is_nothing_counts_as_zero_for_the_others() -> None:
    rng = np.random.default_rng(0)
    advantages = rng.normal(size=40)
    rows = np.repeat(np.arange(20), 2)
    measured = exact(advantages.tolist(), rows.tolist(), rows.tolist())
    credits = {"grpo": np.zeros(40), "near": advantages + 0.1 * rng.normal(size=40)}
    found = fidelities(credits, measured, "grpo")
    assert found["grpo"] == Fidelity(None)
    assert found["near"].difference == found["near"].value


def test_a_problem_counts_by_what_was_measured_of_it() -> None:
    advantages, rows = [1.0] * 10 + [0.0] * 10, list(range(20))
    measured = exact(advantages, rows, rows)
    credits = {"grpo": np.zeros(20), "near": np.array(advantages)}
    # No draw of 10,000 is below 0: tail 1 / 10,001, the normal's at 3.71902. Ten problems count:
    # 3.71902 / sqrt(10 / 9) = 3.52819, and Student's t of 9 degrees of freedom has p = .00643.
    # All twenty would give 3.62484 with 19 degrees, p = .00180.
    found = fidelities(credits, measured, "grpo")["near"].p_value
    assert found == pytest.approx(0.00643, abs=1e-5)


def test_what_is_not_known_is_none() -> None:
    measured = exact([1.0, -1.0], [0, 0], [0, 0])
    assert value([0.0, 0.0], measured) is None
    disagreeing = MeasuredAdvantages(
        measured.first, -measured.second, *list(vars(measured).values())[2:]
    )
    assert value([1.0, 0.0], disagreeing) is None
    assert reliability(exact([0.0], [0], [0])) is None


def test_a_span_has_the_credit_of_its_tokens() -> None:
    measured = MeasuredAdvantages(
        np.ones(3),
        np.ones(3),
        starts=np.array([0, 2, 5]),
        ends=np.array([2, 5, 6]),
        rows=np.array([0, 0, 1]),
        groups=np.array([0, 0, 0]),
    )
    tokens = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert measured.of_spans(tokens).tolist() == [3.0, 12.0, 6.0]


def test_within_responses_both_are_less_their_mean() -> None:
    rows = np.array([0, 0, 2])
    assert within_responses(np.array([1.0, 3.0, 5.0]), rows).tolist() == [-1.0, 1.0, 0.0]
    measured = exact([1.0, 3.0, 5.0], [0, 0, 2], [0, 0, 1]).within_responses()
    assert measured.first.tolist() == measured.second.tolist() == [-1.0, 1.0, 0.0]


def test_the_difference_is_paired() -> None:
    rng = np.random.default_rng(0)
    table = Table(rng, [Tree(rng) for _ in range(40)])
    found = fidelities(table.credits | {"twice": 2 * table.credits["grpo"]}, table.measured, "grpo")
    assert found["grpo"].difference is None
    twice = found["twice"].difference
    assert twice is not None
    assert np.allclose(numbers(twice), 0, atol=1e-12)
    assert found["twice"].p_value == pytest.approx(1.0)
    nearer = found["noisy"]
    assert nearer.difference is not None
    assert nearer.p_value is not None
    assert nearer.difference.low > 0
    assert nearer.p_value < 0.01


def test_one_problem_bounds_nothing() -> None:
    found = fidelities({"one": np.array([1.0])}, exact([1.0], [0], [0]), "grpo")["one"].value
    assert found is not None
    assert numbers(found) == (1.0, -np.inf, np.inf)


@pytest.mark.slow
def test_sums_and_fidelity_are_unbiased_and_one_half_alone_is_not() -> None:
    """Over many measurements of the same responses, within three standard errors."""
    rng = np.random.default_rng(1)
    sampled = [(tree, tree.paths(rng)) for tree in [Tree(rng) for _ in range(20)]]

    def measured() -> np.ndarray:
        return np.concatenate([tree.half(rng, paths) for tree, paths in sampled]).ravel()

    true = np.concatenate([tree.advantages(paths) for tree, paths in sampled]).ravel()
    pairs = [(measured(), measured()) for _ in range(300)]
    norm = true @ true
    for estimates in (
        [first @ second for first, second in pairs],
        [true @ (first + second) / 2 for first, second in pairs],
    ):
        assert abs(np.mean(estimates) - norm) < 3 * standard_error(estimates)
    alone = [first @ first for first, _ in pairs]
    assert np.mean(alone) - norm > 10 * standard_error(alone)


@pytest.mark.slow
def test_the_fidelity_is_unbiased_and_that_of_one_half_alone_is_too_low() -> None:
    """Of the same responses measured again and again, within three standard errors."""
    rng = np.random.default_rng(3)
    table = Table(rng, trees := [Tree(rng) for _ in range(300)])
    sampled = [(tree, tree.paths(rng)) for tree in trees]
    true = np.concatenate([tree.advantages(paths) for tree, paths in sampled]).ravel()
    credit = true + 0.15 * rng.standard_normal(len(true))
    truth = credit @ true / np.linalg.norm(credit) / np.linalg.norm(true)
    both, alone = [], []
    for _ in range(40):
        first, second = (
            np.concatenate([tree.half(rng, paths) for tree, paths in sampled]).ravel()
            for _ in range(2)
        )
        measured = replace(table.measured, first=first, second=second)
        both.append(value(credit, measured))
        alone.append(value(credit, replace(measured, second=first)))
    assert abs(np.mean(both) - truth) < 3 * standard_error(both)
    assert np.mean(alone) - truth < -10 * standard_error(alone)


def standard_error(values: ArrayLike) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(np.size(values)))


def test_a_permuted_credit_has_none() -> None:
    rng = np.random.default_rng(2)
    table = Table(rng, [Tree(rng) for _ in range(400)])
    permuted = rng.permutation(table.true)
    found = fidelities({"true": table.true, "permuted": permuted}, table.measured, "grpo")
    true, none = found["true"].value, found["permuted"].value
    assert true is not None
    assert none is not None
    assert true.value == pytest.approx(1.0, abs=0.05)
    assert true.low < 1.0 < true.high
    assert none.value == pytest.approx(0.0, abs=0.05)
