"""Which states of a response are valued, and what lies between them."""

from typing import Any

import numpy as np
import pytest

from rlsd_pipeline.artifacts.tables import to_table
from rlsd_pipeline.credit.states import (
    State,
    distinct_states,
    every_place,
    measured_advantages,
    spread_places,
    step_places,
    values_columns,
)
from schemas import StateRewards, TokenValues


def test_every_state_but_the_last() -> None:
    assert every_place(3) == [0, 1, 2]
    assert every_place(0) == []


def test_places_are_spread_evenly() -> None:
    assert spread_places(10, 4) == [0, 2, 5, 7]
    assert spread_places(3, 8) == [0, 1, 2]
    assert spread_places(0, 8) == []


def test_a_step_begins_after_a_line_or_a_sentence() -> None:
    tokens = ["Two ", "cats", ". ", "One ", "3.5", "!", "\n\n", "So", " no", "."]
    ends = [sum(map(len, tokens[: n + 1])) for n in range(len(tokens))]
    places = step_places("".join(tokens), ends)
    assert ["".join(tokens[start:]) for start in places] == [
        "Two cats. One 3.5!\n\nSo no.",
        "One 3.5!\n\nSo no.",
        "So no.",
    ]


def test_a_border_within_a_token_is_behind_it() -> None:
    assert step_places("a. b c", [4, 6]) == [0, 1]


def test_a_shared_prefix_is_one_state() -> None:
    states, passed = distinct_states(
        ["a", "a", "b"], [[5, 6], [5, 7], [5, 6]], [[0, 1], [0, 1], [0, 1]]
    )
    assert states == [State("a", ()), State("a", (5,)), State("b", ()), State("b", (5,))]
    assert passed == [[0, 1], [0, 1], [2, 3]]


def row(**changes: Any) -> dict[str, Any]:
    return {
        "rollout_id": "x#0",
        "completion_ids": [7, 3, 2, 9],
        "reward": 1.0,
        "places": [0, 1, 3],
        "first_values": [0.5, 0.25, 0.75],
        "second_values": [0.25, 0.5, 1.0],
        "first_counts": [4, 4, 4],
        "second_counts": [4, 4, 4],
        "standard_errors": [0.1, 0.1, 0.1],
    } | changes


def spans(*rows: dict[str, Any]) -> dict[str, list]:
    columns = {name: [each[name] for each in rows] for name in rows[0]}
    measured = measured_advantages(to_table(TokenValues, columns), list(range(len(rows))))
    return {name: value.tolist() for name, value in vars(measured).items()}


def test_values_and_their_errors_are_unbiased() -> None:
    """Of states of known value, within three standard errors."""
    rng, draws = np.random.default_rng(0), 8
    true = rng.random(2000)
    rewards = (rng.random((2000, 2, draws // 2)) < true[:, None, None]).astype(float)
    states = [
        StateRewards(
            problem_id="x",
            state=str(number),
            prefix_ids=[number],
            first_rewards=first,
            second_rewards=second,
            sampled_tokens=0,
        )
        for number, (first, second) in enumerate(rewards.tolist())
    ]
    columns = values_columns(states, [[0]] * len(true), [[row] for row in range(len(true))])
    found = {name: np.array(values)[:, 0] for name, values in columns.items()}
    for name in ("first_values", "second_values"):
        apart = found[name] - true
        assert abs(apart.mean()) < 3 * apart.std() / np.sqrt(len(true))
    apart = found["standard_errors"] ** 2 - true * (1 - true) / draws
    assert abs(apart.mean()) < 3 * apart.std() / np.sqrt(len(true))


def test_advantages_sum_to_the_reward_less_the_first_value() -> None:
    found = spans(row())
    assert found["first"] == [-0.25, 0.5, 0.25]
    assert found["second"] == [0.25, 0.5, 0.0]
    assert (found["starts"], found["ends"]) == ([0, 1, 3], [1, 3, 4])
    assert sum(found["first"]) == pytest.approx(1.0 - 0.5)


def test_tokens_are_counted_over_all_responses() -> None:
    found = spans(row(), row(rollout_id="y#0", completion_ids=[1, 2, 3, 4, 5]))
    assert found["starts"][3:] == [4, 5, 7]
    assert found["ends"][3:] == [5, 7, 9]
    assert found["rows"] == found["groups"] == [0, 0, 0, 1, 1, 1]


def test_a_span_with_an_unknown_end_is_left_out() -> None:
    found = spans(row(first_counts=[4, 0, 4]))
    assert (found["starts"], found["ends"]) == ([3], [4])
    found = spans(row(reward=None))
    assert found["ends"] == [1, 3]


def test_a_response_that_was_not_valued_has_no_span() -> None:
    nothing = {
        name: [] for name in row() if name.endswith(("places", "values", "counts", "errors"))
    }
    assert spans(row(**nothing))["first"] == []
