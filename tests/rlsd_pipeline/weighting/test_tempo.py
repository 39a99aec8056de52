from collections.abc import Callable

import pytest

from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.tempo import Tempo

CreditOf = Callable[..., Credit]


def streams(credit: Credit) -> list[float]:
    found = Tempo().streams(credit).token_advantages
    assert found is not None
    return found.tolist()


def test_a_branch_counts_in_deviations_of_the_reward(credit_of: CreditOf) -> None:
    # V: root 1/2, [1] 2/3, [1 2] 1/2, [1 2 9] 1, [1 2 8] 0, [1 3] and [1 3 9] 1, [4] 0.
    # s_R = √(4 · ¼ / 3) = .577350, so A = ±.866025 and 1/6 of reward is .288675.
    ids = [[1, 2, 9], [1, 2, 8], [1, 3, 9], [4]]
    credit = credit_of([[0.0] * len(row) for row in ids], token_ids=ids, rewards=[1, 0, 1, 0])
    a, sixth = 0.866024, 0.288675
    right = [a + sixth, a - sixth, a + 3 * sixth, a + sixth, a + 2 * sixth, a]
    wrong = [-a + sixth, -a - sixth, -a - 3 * sixth, -a - 3 * sixth]
    expected = [*right[:3], *wrong[:3], *right[3:], wrong[3]]
    assert streams(credit) == pytest.approx(expected, abs=2e-5)


def test_without_branches_it_is_grpo(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0] * 2] * 2, token_ids=[[1, 2], [1, 2]], rewards=[1, 0])
    assert streams(credit) == credit.token_advantages.tolist()


def test_a_group_without_variance_has_no_credit(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0], [0.0]], token_ids=[[1], [2]], rewards=[1, 1])
    assert streams(credit) == [0.0, 0.0]
