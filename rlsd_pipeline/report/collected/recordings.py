"""The recordings of each arm, iteration by iteration, for the diagnostics."""

from collections.abc import Mapping
from typing import NamedTuple

from rlsd_pipeline.diagnostics.moments import Moments
from rlsd_pipeline.diagnostics.properties.recording import Evaluation, LeakCount, RunRecording
from rlsd_pipeline.report.collected.numbers import MOMENTS, arm_numbers
from rlsd_pipeline.stages.evaluation.policy_evaluation import PolicyEvaluation
from rlsd_pipeline.stages.workspace import Workspace
from schemas import BenchmarkScore

_GRAD_NORM = "policy_checkpoint/grad_norm"


class Moment(NamedTuple):
    """One iteration of an arm.

    Attributes:
        iteration: Which.
        grad_norm: Before clipping.
        of: The means over its tokens.
    """

    iteration: int
    grad_norm: float
    of: Moments


def moments(workspace: Workspace, arm: str) -> list[Moment]:
    """Every iteration of an arm that the store has, in order."""
    return [
        Moment(iteration, found[_GRAD_NORM], _of(found))
        for iteration, found in arm_numbers(workspace, arm).items()
        if _GRAD_NORM in found and f"{MOMENTS}entropy" in found
    ]


def _of(found: Mapping[str, float]) -> Moments:
    fields = {name: found.get(f"{MOMENTS}{name}") for name in Moments._fields}
    return Moments(**{name: value for name, value in fields.items() if value is not None})


def recording(
    arm: str, evaluated: Mapping[int, PolicyEvaluation], recorded: list[Moment]
) -> RunRecording:
    """An arm's recording, with its evaluations on one benchmark by updates."""
    started = evaluated.get(0)
    last = evaluated[max(evaluated)] if evaluated and max(evaluated) > 0 else None
    return RunRecording(
        arm=arm,
        objective=[moment.grad_norm for moment in recorded],
        divergence=[m.of.k3 for m in recorded if m.of.k3 is not None],
        evaluations=[_evaluation(k, one.score) for k, one in evaluated.items()],
        leak_start=None if started is None else LeakCount(*started.mentioning),
        leak_end=None if last is None else LeakCount(*last.mentioning),
    )


def _evaluation(updates: int, score: BenchmarkScore) -> Evaluation:
    return Evaluation(updates, score.interval, score.questions, score.confidence)
