"""The learning of each training: the area under its curve and its end, seed by seed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.report.collected.numbers import arm_numbers
from rlsd_pipeline.stages.evaluation.policy_evaluation import PolicyEvaluation, Scores
from rlsd_pipeline.stages.workspace import Workspace

TRAINING = "training reward"
_REWARD = "rewards/reward"

_LAST_SHARE = 0.1
"""Share of a curve's last points whose mean is its end, since single iterations are noisy."""

Curve = Mapping[int, float]
"""Updates -> value."""


class Learnt(NamedTuple):
    """One training on one quantity.

    Attributes:
        area: Mean height of the curve over the updates.
        end: Mean of its last tenth, at least of its last point.
    """

    area: float
    end: float


Learning = Mapping[str, Mapping[int, Learnt]]
"""Method -> seed -> what it learnt."""


def read_learning(workspace: Workspace, scores: Scores) -> dict[str, Learning]:
    """Training reward, or accuracy on a benchmark -> the learning by that measure.

    A training that has not come as far as the furthest one is left out. Curves are taken at the
    updates that all the others share. The training reward of a method that learns from the data
    set's responses is theirs and not its policy's, so it is no learning.

    Args:
        workspace: The experiment.
        scores: All that are there.
    """
    found = {TRAINING: learnt(_curves(workspace, partial(_rewards, workspace)))}
    for benchmark, arms in scores.items():
        found[f"accuracy: {benchmark}"] = learnt(_curves(workspace, partial(_accuracies, arms)))
    return {quantity: learning for quantity, learning in found.items() if learning}


def learnt(curves: Mapping[str, Mapping[int, Curve]]) -> Learning:
    """The learning of each training by its curve; empty if no curve has two points.

    Args:
        curves: Method -> seed -> updates -> value.
    """
    last = max((k for of in curves.values() for curve in of.values() for k in curve), default=0)
    complete = {
        method: {seed: curve for seed, curve in of.items() if last in curve}
        for method, of in curves.items()
    }
    every = [set(curve) for of in complete.values() for curve in of.values()]
    shared = sorted(set.intersection(*every)) if every else []
    if len(shared) < 2:
        return {}
    return {
        method: {seed: _learnt(shared, [curve[k] for k in shared]) for seed, curve in of.items()}
        for method, of in complete.items()
        if of
    }


def by_seed(learning: Learning, measure: str) -> dict[str, dict[int, float]]:
    """Method -> seed -> one number of the learning.

    Args:
        learning: What each training learnt.
        measure: A field of `Learnt`.
    """
    return {
        method: {seed: float(getattr(one, measure)) for seed, one in of.items()}
        for method, of in learning.items()
    }


def _curves(workspace: Workspace, read: Callable[[str], Curve]) -> dict[str, dict[int, Curve]]:
    return {
        method: {arm.seed: read(arm.name) for arm in arms}
        for method, arms in workspace.experiment.methods().items()
    }


def _accuracies(arms: Mapping[str, Mapping[int, PolicyEvaluation]], arm: str) -> Curve:
    return {updates: one.score.score for updates, one in arms[arm].items()}


def _rewards(workspace: Workspace, arm: str) -> Curve:
    """Mean reward of the rollouts of every iteration that has verdicts."""
    if not workspace.experiment.lineages()[arm].learns_from_itself:
        return {}
    numbers = arm_numbers(workspace, arm)
    return {k: found[_REWARD] for k, found in numbers.items() if _REWARD in found}


def _learnt(updates: list[int], values: list[float]) -> Learnt:
    points = max(1, round(_LAST_SHARE * len(values)))
    area = float(np.trapezoid(values, updates)) / (updates[-1] - updates[0])
    return Learnt(area, float(np.mean(values[-points:])))
