from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from rlsd_pipeline.weighting.ktae import KTAE, key_token_values
from rlsd_pipeline.weighting.method import Credit

CreditOf = Callable[..., Credit]

IDS = [[5, 6], [5, 6], [5, 6], [5, 6], [7, 6], [7, 6]]


def made(credit_of: CreditOf, ids: Sequence[Sequence[int]], **of: list) -> Credit:
    return credit_of([[0.0] * len(row) for row in ids], token_ids=ids, teacher=False, **of)


def test_a_token_counts_by_its_presence_in_right_and_wrong_responses(credit_of: CreditOf) -> None:
    found = key_token_values(made(credit_of, IDS, rewards=[1, 1, 1, 0, 0, 0])).tolist()
    # 5: in 3 of 3 right, 1 of 3 wrong. p = (3 + 3)/15, F = exp(-.8) = .449329.
    # I = 1 - 4/6 H(3/4) = .459148. Of 6 tokens a side it is 3 and 1: q = 1.5/2.5 and .5/(13/6).
    # x = π/2 - asin √(1/3) + .6/.230779 - .230769/.60001 = .955317 + 2.215281 = 3.170598.
    # 2σ(.454238 · 3.170598) - 1 = .61697; 6 is in all; 7 in wrong ones alone.
    assert found[:2] == pytest.approx([0.61697, 0.0], abs=1e-5)
    assert found == pytest.approx(found[:2] * 4 + [-1.0, 0.0] * 2)


def test_the_advantage_is_added(credit_of: CreditOf) -> None:
    # p = 1, so F = 0; I = 1 - 3/4 H(2/3) = .311278. Sides of 6 and 4 tokens, 2 and 1 of them 1:
    # q = 1/(1/3 + 2.2) and .75/(.25 + 1.8); x = π/4 + .152111; 2σ(.155639 · .937509) - 1.
    ids, rewards = [[1, 2, 9], [1, 2, 8], [1, 3, 9], [4]], [1, 0, 1, 0]
    credit = made(credit_of, ids, rewards=rewards, advantages=[0.5, -0.5, 0.5, -0.5])
    found = KTAE().streams(credit).token_advantages
    assert found is not None
    assert found[[0, 3]].tolist() == pytest.approx([0.5 + 0.072827, -0.5 + 0.072827], abs=1e-5)


def test_groups_are_counted_apart_and_a_group_of_one_side_says_nothing(
    credit_of: CreditOf,
) -> None:
    ids, groups = [[1], [2], [1], [2]], [0, 0, 1, 1]
    found = key_token_values(made(credit_of, ids, rewards=[1, 0, 1, 1], groups=groups))
    # One of one against none of one: p = 1 and I = 1, and x is near 1/1e-5.
    assert found.tolist() == pytest.approx([1.0, -1.0, 0.0, 0.0])


def test_right_is_above_the_mean_and_a_failed_verifier_is_on_no_side(credit_of: CreditOf) -> None:
    graded = [0.9, 0.8, 0.7, 0.3, 0.2, 0.1, float("nan")]
    credit = made(credit_of, [*IDS, [7, 7]], rewards=graded)
    plain = made(credit_of, IDS, rewards=[1, 1, 1, 0, 0, 0])
    assert key_token_values(credit)[:12].tolist() == key_token_values(plain).tolist()


def test_missing_token_ids_are_named(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="needs token ids"):
        KTAE().streams(replace(credit_of([[0.0]]), token_ids=None))
