from collections.abc import Callable

import pytest

from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.config.token_values import TokenValuesConfig
from rlsd_pipeline.credit.states import with_values
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.vine import Vine
from schemas import TokenValues

CreditOf = Callable[..., Credit]

VALUES = {
    "rollout_id": ["a#0", "a#1", "b#0"],
    "completion_ids": [[7, 3, 2, 9], [7, 5], [4]],
    "reward": [1.0, 0.0, 1.0],
    "places": [[0, 1, 3], [0, 1], []],
    "first_values": [[0.5, 0.25, 0.75], [0.5, 0.25], []],
    "second_values": [[0.25, 0.5, 1.0], [0.25, 0.5], []],
    "first_counts": [[4, 4, 4], [4, 4], []],
    "second_counts": [[4, 4, 4], [4, 4], []],
    "standard_errors": [[0.1, 0.1, 0.1], [0.1, 0.1], []],
}


def credited(credit: Credit, **changes: list) -> tuple[list[float], int]:
    valued, unvalued = with_values(credit, to_table(TokenValues, VALUES | changes))
    found = Vine().streams(valued).token_advantages
    assert found is not None
    return found.tolist(), unvalued


def test_every_token_of_a_span_has_the_change_of_value_over_it(credit_of: CreditOf) -> None:
    # Means of the halves: V = .375, .375, .875 and R = 1; V = .375, .375 and R = 0.
    credit = credit_of([[0.0] * 4, [0.0] * 2, [0.0]], rewards=[1, 0, 1], groups=[0, 0, 1])
    found, unvalued = credited(credit)
    assert found == [0.0, 0.5, 0.5, 0.125, 0.0, -0.375, 0.0]
    assert unvalued == 1


def test_a_group_of_equal_rewards_keeps_its_credit(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0] * 4, [0.0] * 2, [0.0]], rewards=[1, 1, 1], groups=[0, 0, 1])
    assert credit.advantages.tolist() == [0.0, 0.0, 0.0]
    found, _ = credited(credit, reward=[1.0, 1.0, 1.0])
    assert found == [0.0, 0.5, 0.5, 0.125, 0.0, 0.625, 0.0]


def test_a_span_with_an_unknown_end_has_none(credit_of: CreditOf) -> None:
    credit = credit_of([[0.0] * 4, [0.0] * 2, [0.0]], rewards=[1, float("nan"), 1])
    found, unvalued = credited(
        credit, reward=[1.0, None, 1.0], first_counts=[[4, 0, 4], [4, 4], []]
    )
    assert found == [0.0, 0.0, 0.0, 0.125, 0.0, 0.0, 0.0]
    assert unvalued == 1


def test_its_own_settings_go_before_the_experiments() -> None:
    declared = TokenValuesConfig(continuations=32, places="all", max_states=100)
    assert Vine().valued_by(declared) == declared
    assert Vine(continuations=8, places="steps").valued_by(declared) == TokenValuesConfig(
        continuations=8, places="steps", max_states=100
    )


def test_missing_values_are_named(credit_of: CreditOf) -> None:
    with pytest.raises(ValueError, match="materialize token_values here first"):
        Vine().streams(credit_of([[0.0]], values=False))
