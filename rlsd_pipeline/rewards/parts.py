"""The parts of every response's reward, and their sum."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

from rlsd_pipeline.components.guarded import guarded, refused
from rlsd_pipeline.errors import ComponentError
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.rewards.reward_function import Response, RewardFunction
from rlsd_pipeline.rewards.usual import weights_alone
from schemas import Verdict

Values = list[float | None]


class Rewarded(NamedTuple):
    """The rewards of some responses, with their parts.

    Attributes:
        rewards: R of each response; None where the verifier failed; `[responses]`.
        parts: Column -> what a part gave each response before its weight; `[responses]`. Empty
            where verdict and format say it all.
    """

    rewards: Values
    parts: Mapping[str, Values]


def rewarded(
    declared: Sequence[RewardFunction], responses: Sequence[Response], groups: Groups
) -> Rewarded:
    """R = Σ weight · part of each response; a part that gives None adds nothing.

    Args:
        declared: The parts.
        responses: In any order; `[responses]`.
        groups: Groups of responses to one problem.

    Raises:
        ComponentError: A part raises, or gives something else than finite numbers.
    """
    scores = {f"reward_{part.label}": _scores(part, responses, groups) for part in declared}
    weighted = [
        [part.weight * (score or 0.0) for score in given]
        for part, given in zip(declared, scores.values(), strict=True)
    ]
    rewards = [
        None if response.verdict is Verdict.VERIFIER_ERROR else sum(each)
        for response, *each in zip(responses, *weighted, strict=True)
    ]
    return Rewarded(rewards, {} if weights_alone(declared) is not None else scores)


def _scores(part: RewardFunction, responses: Sequence[Response], groups: Groups) -> Values:
    """The values of a part for all responses."""
    scores: Values = [None] * len(responses)
    for problem_id, rows in zip(groups.problem_ids, groups.members, strict=True):
        with guarded(part, f"problem {problem_id}"):
            given = list(part.score_group([responses[row] for row in rows]))
        if len(given) != len(rows):
            raise _refused(part, problem_id, f"{len(given)} scores of {len(rows)} responses")
        for row, score in zip(rows, given, strict=True):
            scores[row] = _number(part, problem_id, score)
    return scores


def _number(part: RewardFunction, problem_id: str, score: Any) -> float | None:
    if score is None:
        return None
    if not isinstance(score, Real) or not math.isfinite(score):
        raise _refused(part, problem_id, f"the score {score!r}")
    return float(score)


def _refused(part: RewardFunction, problem_id: str, given: str) -> ComponentError:
    kind = type(part)
    written = kind.score_group if kind.score is RewardFunction.score else kind.score
    problem = f"it gave {given}, and must give each response a finite number, or None"
    return refused(part, f"problem {problem_id}", problem, written)
