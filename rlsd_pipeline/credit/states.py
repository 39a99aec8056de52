"""The states of a table's responses and their values; each distinct prefix counts once.

Source: docs/method.md, eq. 24.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch

from rlsd_pipeline.credit.fidelity import MeasuredAdvantages, reliability
from rlsd_pipeline.credit.tables import row_offsets
from rlsd_pipeline.weighting.method import Credit
from schemas import StateRewards

_BORDER = re.compile(r"(?:\n+|[.!?]+(?=\s))\s*")
"""Where a step of a response ends: at the end of a line or of a sentence."""


class State(NamedTuple):
    """A prompt and the beginning of a response to it.

    Attributes:
        problem_id: The problem of the prompt.
        prefix: The response's first tokens.
    """

    problem_id: str
    prefix: tuple[int, ...]


def every_place(tokens: int) -> list[int]:
    """Each state of a response but its last."""
    return list(range(tokens))


def step_places(completion: str, token_ends: Sequence[int]) -> list[int]:
    """The states at which a step begins: after each line and each sentence, and at the start.

    Args:
        completion: The response's text.
        token_ends: Where each token's text ends in it, in characters; `[tokens]`.
    """
    borders = [match.end() for match in _BORDER.finditer(completion)]
    # The first token that ends at a border or behind it closes the step.
    after = np.searchsorted(np.asarray(token_ends), borders) + 1
    return sorted({0, *(int(place) for place in after if place < len(token_ends))})


def spread_places(tokens: int, count: int) -> list[int]:
    """A limited number of states of a response, evenly spread from its first."""
    count = min(count, tokens)
    return [place * tokens // count for place in range(count)]


def distinct_states(
    problem_ids: Sequence[str],
    completion_ids: Sequence[Sequence[int]],
    places: Sequence[Sequence[int]],
) -> tuple[list[State], list[list[int]]]:
    """Every distinct state once, and which of them each response passes through.

    Args:
        problem_ids: Problem of each response; `[responses]`.
        completion_ids: Its tokens; `[responses]`.
        places: Tokens before each of its states; `[responses]`.

    Returns:
        The states, in the order in which they first come, and for each response the index of the
        state at each of its places.
    """
    known: dict[State, int] = {}
    passed = [
        [known.setdefault(State(owner, tuple(ids[:place])), len(known)) for place in at]
        for owner, ids, at in zip(problem_ids, completion_ids, places, strict=True)
    ]
    return list(known), passed


def measured_advantages(values: pa.Table, groups: Sequence[int]) -> MeasuredAdvantages:
    """The spans between the valued states of each response, with their true advantages.

    A span is left out where a half has no verdict at either of its ends.

    Args:
        values: A table of `TokenValues`.
        groups: Index of each rollout's problem; `[rollouts]`.
    """
    offsets = row_offsets(values["completion_ids"])
    found = [
        (*halves, offsets[row] + start, offsets[row] + end, row, groups[row])
        for row, record in enumerate(values.to_pylist())
        for halves, start, end in _spans(record)
    ]
    table = np.array(found, dtype=np.float64).reshape(-1, 6)
    return MeasuredAdvantages(table[:, 0], table[:, 1], *table[:, 2:].astype(np.int64).T)


def with_values(credit: Credit, values: pa.Table) -> tuple[Credit, int]:
    """The same table with the true advantages, and how many responses have none.

    Args:
        credit: A table of rollouts.
        values: The table of `TokenValues` of the same rollouts.
    """
    measured = measured_advantages(values, credit.groups.tolist())
    found = torch.from_numpy(measured.of_tokens(len(credit.rows)))
    valued = replace(credit, true_advantages=found.to(credit.student_logprobs.dtype))
    return valued, len(credit.rewards) - len(np.unique(measured.rows))


def _spans(record: Mapping[str, Any]) -> Iterator[tuple[tuple[float, float], int, int]]:
    """Both halves of the advantage of each span of a response, and its first and next token."""
    end = len(record["completion_ids"])
    halves = [
        [
            value if count else None
            for value, count in zip(record[f"{half}_values"], record[f"{half}_counts"], strict=True)
        ]
        for half in ("first", "second")
    ]
    states = list(zip(record["places"], *halves, strict=True))
    if states:
        states.append((end, record["reward"], record["reward"]))
    for (start, *before), (until, *after) in pairwise(states):
        if None not in (*before, *after):
            yield (after[0] - before[0], after[1] - before[1]), start, until


def values_columns(
    rewards: Sequence[StateRewards],
    places: Sequence[Sequence[int]],
    passed: Sequence[Sequence[int]],
) -> dict[str, list]:
    """The columns of `TokenValues` that speak of states.

    Args:
        rewards: Reward of each distinct state.
        places: Tokens before each state; `[responses]`.
        passed: Index of each of these states; `[responses]`.
    """
    first = [_mean(state.first_rewards) for state in rewards]
    second = [_mean(state.second_rewards) for state in rewards]
    errors = [_standard_error([*state.first_rewards, *state.second_rewards]) for state in rewards]
    counts = [(len(state.first_rewards), len(state.second_rewards)) for state in rewards]
    return {
        "places": [list(at) for at in places],
        "first_values": [[first[state] for state in at] for at in passed],
        "second_values": [[second[state] for state in at] for at in passed],
        "first_counts": [[counts[state][0] for state in at] for at in passed],
        "second_counts": [[counts[state][1] for state in at] for at in passed],
        "standard_errors": [[errors[state] for state in at] for at in passed],
    }


def value_metrics(values: pa.Table) -> dict[str, float]:
    """Mean value of the prompts, standard error of a state, size and reliability of the advantages.

    The size is the root of their mean square over spans, by the product of the two halves, which
    holds no noise of its own.
    """
    rows = values.select(["places", "first_values", "second_values", "standard_errors"])
    valued = [row for row in rows.to_pylist() if row["places"]]
    if not valued:
        return {}
    prompts = [(row["first_values"][0] + row["second_values"][0]) / 2 for row in valued]
    errors = [error for row in valued for error in row["standard_errors"]]
    found = {"prompt_value": _mean(prompts), "standard_error": _mean(errors)}
    advantages = measured_advantages(values, [0] * len(values))
    if len(advantages.first):
        square = float(np.mean(advantages.first * advantages.second))
        found["advantage_size"] = max(square, 0.0) ** 0.5
    measured = reliability(advantages)
    return found if measured is None else found | {"reliability": measured}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _standard_error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))
