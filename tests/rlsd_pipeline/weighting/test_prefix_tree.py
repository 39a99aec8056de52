import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.prefix_tree import PrefixTree, value_changes

CreditOf = Callable[..., Credit]

IDS = [[1, 2, 9], [1, 2, 8], [1, 3, 9], [4]]
"""All four share nothing; three share 1, and two of them 2."""


def streams(
    credit_of: CreditOf, ids: Sequence[Sequence[int]], term: str, **of: list
) -> list[float]:
    credit = credit_of([[0.0] * len(row) for row in ids], token_ids=ids, teacher=False, **of)
    found = PrefixTree.model_validate({"term": term}).streams(credit).token_advantages
    assert found is not None
    return found.tolist()


def test_credit_lies_where_responses_part(credit_of: CreditOf) -> None:
    # V: root 2/4, [1] 2/3, [1 2] 1/2, [1 2 9] 1, [1 2 8] 0, [1 3] and [1 3 9] 1, [4] 0.
    found = streams(credit_of, IDS, "branch", rewards=[1, 0, 1, 0])
    sixth = 1 / 6
    assert found == pytest.approx(
        [sixth, -sixth, 0.5, sixth, -sixth, -0.5, sixth, 2 * sixth, 0.0, -0.5]
    )
    # Over a response: R less the group's mean.
    assert [sum(found[i:j]) for i, j in ((0, 3), (3, 6), (6, 9), (9, 10))] == pytest.approx(
        [0.5, -0.5, 0.5, -0.5]
    )


def test_both_adds_the_advantage(credit_of: CreditOf) -> None:
    rewards, advantages = [1, 0], [0.75, -0.75]
    found = streams(credit_of, [[1, 2], [1, 3]], "both", rewards=rewards, advantages=advantages)
    assert found == pytest.approx([0.75, 0.75 + 0.5, -0.75, -0.75 - 0.5])


def test_groups_have_trees_of_their_own(credit_of: CreditOf) -> None:
    found = streams(credit_of, [[1, 2]] * 2, "branch", rewards=[1, 0], groups=[0, 1])
    assert found == [0.0, 0.0, 0.0, 0.0]


def test_a_response_within_another_ends_at_a_branch(credit_of: CreditOf) -> None:
    # The first ends where the second goes on: V after [1] is the mean of both.
    assert streams(credit_of, [[1], [1, 2]], "branch", rewards=[1, 0]) == [0.0, 0.0, -0.5]


def test_a_failed_verifier_counts_in_no_mean(credit_of: CreditOf) -> None:
    ids, rewards = [[1, 2], [1, 3], [1, 4]], [1, 0, float("nan")]
    found = streams(credit_of, ids, "branch", rewards=rewards)
    assert found == pytest.approx([0.0, 0.5, 0.0, -0.5, 0.0, 0.0])


def test_a_response_that_went_its_own_way_has_no_credit_afterwards(credit_of: CreditOf) -> None:
    # V: root 1/3, [1] 1/2, [1 2] 1, [1 3] and [2] 0. The third says at [2 2] what the first did.
    found = streams(credit_of, [[1, 2, 2], [1, 3, 2], [2, 2, 2]], "branch", rewards=[1, 0, 0])
    assert found == pytest.approx([1 / 6, 0.5, 0, 1 / 6, -0.5, 0, -1 / 3, 0, 0])


def test_missing_token_ids_are_named(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="needs token ids"):
        PrefixTree().streams(replace(credit_of([[0.0]]), token_ids=None))


@pytest.mark.parametrize("seed", range(20))
def test_random_trees_have_the_values_of_their_prefixes(credit_of: CreditOf, seed: int) -> None:
    rng = random.Random(seed)
    stem = [rng.randrange(3) for _ in range(60)]
    ids = []
    for _ in range(12):
        shared = rng.randrange(1, 60)
        ids.append(stem[:shared] + [rng.randrange(3) for _ in range(rng.randrange(5))])
    rewards = [rng.choice([0.0, 0.0, 1.0, 1.0, float("nan")]) for _ in ids]
    groups = [rng.randrange(2) for _ in ids]
    known: dict[tuple[int, ...], list[float]] = {}
    for group, reward, row in zip(groups, rewards, ids, strict=True):
        for end in range(len(row) + 1):
            of = known.setdefault((group, *row[:end]), [])
            of += [reward] if reward == reward else []
    expected = []
    for group, row in zip(groups, ids, strict=True):
        along = [known[group, *row[:end]] for end in range(len(row) + 1)]
        expected += [
            sum(after) / len(after) - sum(before) / len(before) if before and after else 0.0
            for before, after in itertools.pairwise(along)
        ]
    credit = credit_of(
        [[0.0] * len(row) for row in ids],
        token_ids=ids,
        teacher=False,
        rewards=rewards,
        groups=groups,
        advantages=[0.0] * len(ids),
    )
    assert value_changes(credit).tolist() == pytest.approx(expected, abs=1e-6)
    assert any(expected)
