"""What each arm recorded, iteration by iteration, as the diagnostics read it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rlsd_pipeline.artifacts.validation import contiguous
from rlsd_pipeline.diagnostics.properties.recording import Evaluation, LeakCount, RunRecording
from rlsd_pipeline.stages.results import Evaluated, evaluations
from rlsd_pipeline.stages.run import StageRun, Workspace
from schemas import PolicyCheckpoint, TokenLogprobs


class Moment(NamedTuple):
    """One iteration of an arm, over the tokens of its rollouts.

    Attributes:
        iteration: Which.
        grad_norm: Before clipping.
        entropy: -mean log π_S of the sampled tokens, an unbiased estimate; nats a token.
        length: Mean tokens of a response.
        k1: Mean of log π_S - log π_T, the plain estimate of the on-policy reverse KL; nats a token,
            None without a teacher.
        k1_per_response: The same summed over a response.
        k3: Mean of exp(Δ) - 1 - Δ, an estimate of the same that is never negative; nats a token.
    """

    iteration: int
    grad_norm: float
    entropy: float
    length: float
    k1: float | None
    k1_per_response: float | None
    k3: float | None


def moments(workspace: Workspace, arm: str) -> list[Moment]:
    """Every iteration of an arm that the store has, in order."""
    return list(_moments(workspace, arm))


def recording(
    workspace: Workspace, arm: str, benchmark: str, recorded: list[Moment]
) -> RunRecording:
    """An arm's recording, with its evaluations on one benchmark."""
    evaluated = dict(evaluations(workspace, arm, benchmark))
    started = evaluated.get(0)
    last = evaluated[max(evaluated)] if evaluated and max(evaluated) > 0 else None
    return RunRecording(
        arm=arm,
        objective=[moment.grad_norm for moment in recorded],
        divergence=[moment.k3 for moment in recorded if moment.k3 is not None],
        evaluations=[_evaluation(k, one) for k, one in evaluated.items()],
        leak_start=None if started is None else _leaks(started),
        leak_end=None if last is None else _leaks(last),
    )


def _moments(workspace: Workspace, arm: str) -> Iterator[Moment]:
    for iteration in range(workspace.experiment.iterations):
        run = workspace.at(arm, iteration)
        moment = _moment(run)
        if moment is not None:
            yield moment


def _moment(run: StageRun) -> Moment | None:
    store = run.workspace.store
    logprobs = store.ref(run.reference("logprobs"))
    checkpoint = store.ref(run.reference("policy_checkpoint"))
    if logprobs is None or checkpoint is None:
        return None
    table = logprobs.table(TokenLogprobs, ["student_logprobs", "teacher_logprobs"])
    lists = contiguous(table["student_logprobs"])
    student = lists.flatten().to_numpy()
    lengths = lists.value_lengths().to_numpy()
    asked = contiguous(table["teacher_logprobs"])
    gain = _gain(student, asked.flatten().to_numpy(), lengths, asked.is_valid().to_numpy(False))
    informed = int(asked.is_valid().sum().as_py())
    return Moment(
        iteration=run.iteration,
        grad_norm=checkpoint.record(PolicyCheckpoint).metrics["grad_norm"],
        entropy=float(-student.mean()),
        length=float(lengths.mean()),
        k1=None if gain is None else float(-gain.mean()),
        k1_per_response=None if gain is None else float(-gain.sum() / informed),
        k3=None if gain is None else float(np.mean(np.expm1(gain.clip(max=50.0)) - gain)),
    )


def _gain(
    student: np.ndarray, teacher: np.ndarray, lengths: np.ndarray, asked: np.ndarray
) -> np.ndarray | None:
    """Δ of the tokens that a teacher scored, float64; None where it scored none."""
    if not len(teacher):
        return None
    return teacher.astype(np.float64) - student[asked.repeat(lengths)]


def _evaluation(updates: int, one: Evaluated) -> Evaluation:
    score = one.score
    return Evaluation(
        updates=updates,
        score=score.score,
        questions=score.questions,
        low=score.interval_low,
        high=score.interval_high,
        confidence=score.confidence,
    )


def _leaks(one: Evaluated) -> LeakCount:
    responses = len(one.completions)
    return LeakCount(round(one.mentions.value * responses), responses)
