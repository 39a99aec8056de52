"""Changes of the mean reward along responses, against a dictionary of every prefix."""

import itertools
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from rlsd_pipeline.credit.branches import changes_at_branches

NAN = float("nan")


def found(
    ids: Sequence[Sequence[int]], rewards: Sequence[float], groups: Sequence[int]
) -> np.ndarray:
    """The change at every token, 0 where none is given; each token is given once at most."""
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    flat = np.array([token for row in ids for token in row], dtype=np.int32)
    owners = np.arange(len(ids)).repeat(lengths)
    values, given = np.zeros(len(flat)), np.zeros(len(flat), dtype=int)
    parts = changes_at_branches(
        flat, lengths, np.array(rewards, float), np.array(groups, dtype=int)
    )
    for going, places, changes in parts:
        assert np.array_equal(owners[places], going)
        values[places] = np.nan_to_num(changes)
        np.add.at(given, places, 1)
    assert given.max(initial=0) <= 1
    return values


def slow(
    ids: Sequence[Sequence[int]], rewards: Sequence[float], groups: Sequence[int]
) -> list[float]:
    """V of every prefix of every response, one after the other."""
    known: dict[tuple, list[float]] = {}
    for group, reward, row in zip(groups, rewards, ids, strict=True):
        for end in range(len(row) + 1):
            known.setdefault((group, *row[:end]), [])
            if not math.isnan(reward):
                known[group, *row[:end]].append(reward)
    expected = []
    for group, row in zip(groups, ids, strict=True):
        along = [known[group, *row[:end]] for end in range(len(row) + 1)]
        expected += [
            math.fsum(after) / len(after) - math.fsum(before) / len(before)
            if before and after
            else 0.0
            for before, after in itertools.pairwise(along)
        ]
    return expected


@pytest.mark.parametrize("seed", range(30))
def test_random_responses_have_the_changes_of_their_prefixes(seed: int) -> None:
    """Groups out of order, long shared text, equal and empty responses, failed verifiers."""
    rng = random.Random(seed)
    stems = [[rng.randrange(3) for _ in range(200)] for _ in range(3)]
    ids: list[list[int]] = []
    for _ in range(40):
        stem = rng.choice(stems)[: rng.choice([0, 3, 8, 60, 72, 73, 150, 200])]
        ids.append(stem + [rng.randrange(3) for _ in range(rng.choice([0, 0, 1, 5]))])
    rewards = [rng.choice([0.1, 0.9, rng.random(), NAN]) for _ in ids]
    groups = [rng.choice([0, 0, 0, 1, 2, 5]) for _ in ids]
    expected = slow(ids, rewards, groups)
    assert any(expected)
    np.testing.assert_allclose(found(ids, rewards, groups), expected, rtol=0, atol=1e-12)


def test_each_response_may_leave_the_shared_text_at_another_place() -> None:
    stem = list(range(100, 140))
    ids = [[*stem[:n], n] for n in range(40)]
    rewards = [n % 3 / 10 for n in range(40)]
    expected = slow(ids, rewards, [0] * 40)
    np.testing.assert_allclose(found(ids, rewards, [0] * 40), expected, rtol=0, atol=1e-12)


def test_sums_of_one_group_have_no_rounding_of_others() -> None:
    """A thousand groups of large rewards before two responses that differ by little."""
    ids = [[1], [2]] * 1001
    rewards = [1e9, 3e9] * 1000 + [1e-3, 3e-3]
    groups = [n // 2 for n in range(2002)]
    assert found(ids, rewards, groups)[-2:] == pytest.approx([-1e-3, 1e-3], rel=1e-12)


@pytest.mark.parametrize("ids", [[], [[]], [[], []], [[4, 4]], [[4, 4], [4, 4]]])
def test_where_nobody_parts_nothing_changes(ids: list[list[int]]) -> None:
    assert not found(ids, [1.0, 0.0][: len(ids)], [0] * len(ids)).any()
