"""Chooses the states whose values are measured."""

import random
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from rlsd_pipeline.config.token_values import TokenValuesConfig
from rlsd_pipeline.credit.states import (
    State,
    distinct_states,
    every_place,
    spread_places,
    step_places,
)


def valued_places(
    config: TokenValuesConfig, rollouts: pa.Table, rewards: pa.Table, seed: int
) -> list[list[int]]:
    """Tokens before each valued state, of every response; none of one that is not valued.

    Args:
        config: What is declared.
        rollouts: A table of `Rollout`.
        rewards: The table of `Reward` beside it.
        seed: Orders the responses where not all fit within `max_states`.
    """
    columns = rollouts.select(["completion_ids", "completion", "token_ends"]).to_pylist()
    places = [_places(config, **row) for row in columns]
    if config.responses == "informative":
        advantages = rewards["advantage"].to_pylist()
        places = [at if a != 0 else [] for at, a in zip(places, advantages, strict=True)]
    if config.max_states is None:
        return places
    owners = rollouts["problem_id"].to_pylist()
    responses = list(zip(owners, (row["completion_ids"] for row in columns), strict=True))
    return _within(config.max_states, responses, places, seed)


class Cost(NamedTuple):
    """The cost of valuing a table's states.

    Attributes:
        states: Distinct states.
        continuations: Continuations of all states together.
        tokens: About as many are sampled: as long as the responses went on from there.
    """

    states: int
    continuations: int
    tokens: int

    def __str__(self) -> str:
        """The cost as text, for a user who has to decide."""
        return (
            f"{self.states:,} states, {self.continuations:,} continuations, about "
            f"{self.tokens:,} tokens"
        )


def expected_cost(
    config: TokenValuesConfig, rollouts: pa.Table, rewards: pa.Table, seed: int
) -> Cost:
    """The expected cost of the states that `valued_places` would choose."""
    places = valued_places(config, rollouts, rewards, seed)
    completion_ids = rollouts["completion_ids"].to_pylist()
    states, passed = distinct_states(rollouts["problem_id"].to_pylist(), completion_ids, places)
    left: list[list[int]] = [[] for _ in states]
    for ids, at, through in zip(completion_ids, places, passed, strict=True):
        for place, state in zip(at, through, strict=True):
            left[state].append(len(ids) - place)
    tokens = config.continuations * sum(sum(each) / len(each) for each in left)
    return Cost(len(states), config.continuations * len(states), round(tokens))


def _places(
    config: TokenValuesConfig, completion_ids: list[int], completion: str, token_ends: list[int]
) -> list[int]:
    match config.places:
        case "all":
            return every_place(len(completion_ids))
        case "steps":
            return step_places(completion, token_ends)
        case spread:
            return spread_places(len(completion_ids), spread.per_response)


def _within(
    most: int,
    responses: Sequence[tuple[str, list[int]]],
    places: Sequence[Sequence[int]],
    seed: int,
) -> list[list[int]]:
    """Responses in a random order, each with all of its states while they fit."""
    kept: list[list[int]] = [[] for _ in responses]
    known: set[State] = set()
    order = list(range(len(responses)))
    random.Random(f"token_values/{seed}").shuffle(order)
    for row in order:
        owner, ids = responses[row]
        more = known | {State(owner, tuple(ids[:place])) for place in places[row]}
        if len(more) <= most:
            kept[row], known = list(places[row]), more
    return kept
