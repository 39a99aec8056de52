"""Rollouts, token by token, with the credit by every method."""

import math
from collections import ChainMap, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.credit.rollout_advantages import read_advantages
from rlsd_pipeline.credit.segments import Segment, token_segments
from rlsd_pipeline.data.images import thumbnail
from rlsd_pipeline.diagnostics.leakage.mentions import find_mentions
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.report.rollout_view import Picture, RolloutView, StateValue
from rlsd_pipeline.stages.comparison.unscored import is_unscored, unscored_table
from rlsd_pipeline.stages.workspace import StageRun
from schemas import (
    ComparedCredit,
    FinishReason,
    Problem,
    Reward,
    Rollout,
    TokenLogprobs,
    TokenValues,
)

TRUE = "true advantage"
"""Name of the measured advantages among the methods, before which they stand."""

GROUPS = 12
PIXELS = 320
MEANING = (
    "From the first groups in which some responses are right and some wrong, one of each; in other "
    "groups the advantage over the group is 0, and only methods that do without it give any credit."
)


def rollout_views(run: StageRun) -> tuple[RolloutView, ...]:
    """Some rollouts of a compared iteration; none where nothing was compared."""
    artifact = run.workspace.store.ref(run.reference("weighting_comparison"))
    if artifact is None:
        return ()
    sampled, judged = run.read("rollouts").table(Rollout), run.read("rewards").table(Reward)
    rewards, worth = judged.to_pylist(), read_advantages(judged, run.arm.advantages)
    tables = [rewards, sampled.to_pylist(), _scored(run, sampled), _valued(run, artifact)]
    problems = run.workspace.problems(run.read("problems"))
    rows, views = list(_chosen(rewards)), []
    credit = _credit(artifact, {rewards[row]["rollout_id"] for row in rows})
    for row in rows:
        found = ChainMap(*(table[row] for table in tables if table))
        problem, by_method = problems[found["problem_id"]], credit[found["rollout_id"]]
        views.append(_view(run, found, float(worth[row]), problem, by_method))
    return tuple(views)


def _credit(
    comparison: Artifact, rollouts: Collection[str]
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Rollout, of some -> method -> credit of each token."""
    found: dict[str, dict[str, tuple[float, ...]]] = defaultdict(dict)
    for row in comparison.table(ComparedCredit, ["method", "rollout_id", "credit"]).to_pylist():
        if row["rollout_id"] in rollouts:
            found[row["rollout_id"]][row["method"]] = tuple(row["credit"])
    return found


def _scored(run: StageRun, sampled: pa.Table) -> list[dict[str, Any]]:
    """Rows of log-probabilities; of an import that no model scored nan, unless its log has them."""
    if not is_unscored(run):
        return run.read("logprobs").table(TokenLogprobs).to_pylist()
    rows = unscored_table(sampled).to_pylist()
    if sampled["rollout_logprobs"].null_count:
        for row in rows:
            row["student_logprobs"] = [math.nan] * len(row["completion_ids"])
    return rows


def _valued(run: StageRun, comparison: Artifact) -> list[dict[str, Any]]:
    """Rows of the token values that the comparison was made with; none without them."""
    values = run.workspace.store.intact_ref(run.reference("token_values"))
    if values is None or comparison.manifest.inputs.get("token_values") != values.digest:
        return []
    return values.table(TokenValues).to_pylist()


def _state_values(row: Mapping[str, Any]) -> tuple[StateValue, ...]:
    """V along a response, both halves together; at its end it is the reward."""
    states = [
        StateValue(place=place, value=(first * n + second * m) / (n + m), error=error)
        for place, first, second, n, m, error in zip(
            row["places"],
            row["first_values"],
            row["second_values"],
            row["first_counts"],
            row["second_counts"],
            row["standard_errors"],
            strict=True,
        )
        if n + m
    ]
    if states and row["reward"] is not None:
        states.append(StateValue(place=len(row["completion_ids"]), value=row["reward"]))
    return tuple(states)


def _true_advantages(states: Sequence[StateValue], tokens: int) -> tuple[float, ...]:
    """A* of every token; a span's is shared evenly by its tokens, and unknown is nan."""
    found = np.full(tokens, np.nan)
    for before, after in pairwise(states):
        span = after.place - before.place
        found[before.place : after.place] = (after.value - before.value) / span
    return tuple(found.tolist())


def _chosen(rewards: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """The first response of either sign in the first groups that have both."""
    groups = Groups(reward["problem_id"] for reward in rewards)
    mixed = [of for of in groups.members if any(rewards[row]["advantage"] > 0 for row in of)]
    for of in mixed[:GROUPS]:
        yield next(row for row in of if rewards[row]["advantage"] > 0)
        yield next(row for row in of if rewards[row]["advantage"] < 0)


def _view(
    run: StageRun,
    row: Mapping[str, Any],
    advantage: float,
    problem: Problem,
    credit: Mapping[str, tuple[float, ...]],
) -> RolloutView:
    completion, ends, teacher = row["completion"], row["token_ends"], row["teacher_logprobs"]
    segments = token_segments(completion, ends, run.workspace.verifier.extraction)
    states = _state_values(row) if "places" in row else ()
    measured = {TRUE: _true_advantages(states, len(ends))} if states else {}
    return RolloutView(
        rollout_id=row["rollout_id"],
        question=problem.question,
        gold_answer=problem.answer,
        tokens=tuple(_texts(completion, ends, row["finish_reason"])),
        segments=tuple(Segment(value).name.lower() for value in segments),
        verdict=row["verdict"],
        reward=row["reward"],
        advantage=advantage,
        student_logprobs=tuple(row["student_logprobs"]),
        teacher_logprobs=None if teacher is None else tuple(teacher),
        credit={**measured, **credit},
        values=states,
        images=tuple(Picture(data=thumbnail(image, PIXELS)) for image in problem.images),
        leaks=tuple(_leaks(completion, ends)),
        source=f"{run.arm.name}, iteration {run.iteration}",
    )


def _texts(completion: str, ends: Sequence[int], finish_reason: str) -> list[str]:
    """The text of each token; the one that ends a response has none, and says so."""
    starts = [0, *ends][: len(ends)]
    texts = [completion[start:end] for start, end in zip(starts, ends, strict=True)]
    # In words a response has no end token.
    if texts and finish_reason == FinishReason.STOP and not texts[-1]:
        texts[-1] = "<end>"
    return texts


def _leaks(completion: str, ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Token spans of the mentions of a reference."""
    for mention in find_mentions(completion):
        first = int(np.searchsorted(ends, mention.start, side="right"))
        last = int(np.searchsorted(ends, mention.end, side="left"))
        if first <= last < len(ends):
            yield first, last + 1
