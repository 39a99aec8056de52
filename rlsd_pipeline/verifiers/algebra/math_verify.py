"""Comparison by math-verify, in a process that may be killed.

Its own time limit works in the main thread alone and takes five seconds a step.
"""

from dataclasses import dataclass, field
from pathlib import Path

from rlsd_pipeline.verifiers.algebra.killable import KillableProcess
from rlsd_pipeline.verifiers.kinds.answer import EQUAL, UNEQUAL, Judgement, unparsed
from rlsd_pipeline.verifiers.kinds.expression import LONGEST, too_large
from schemas.reward import Verdict

_REQUESTS_PER_WORKER = 1000


@dataclass(frozen=True)
class MathVerify:
    """Equality of LaTeX expressions and relations."""

    float_rounding: int
    """Decimal places on which two decimals must agree."""

    accept_computations: bool
    """Whether a computation that was not carried out counts as its result."""

    memory_limit_mb: int
    timeout_seconds: float
    work_limit: int
    worker: KillableProcess = field(init=False)

    def __post_init__(self) -> None:
        limits = (self.memory_limit_mb, self.timeout_seconds, self.work_limit)
        worker = KillableProcess(
            Path(__file__).with_name("worker.py"),
            [str(limit) for limit in limits],
            requests_per_child=_REQUESTS_PER_WORKER,
        )
        object.__setattr__(self, "worker", worker)

    def equal(self, gold: str, answer: str) -> Judgement:
        """Compare, and say incorrect only where the two are known to be unequal.

        An answer that is too long or too large, takes too much work or kills the worker is
        unparsed: it is the response that is at fault. Of a gold answer like that, nothing is known.
        """
        if flaw := _flaw(gold):
            return _gold_error(flaw)
        if flaw := _flaw(answer):
            return unparsed(flaw)
        message = {"gold": gold, "answer": answer, "float_rounding": self.float_rounding}
        received, failure = self.worker.request(
            message, replies=2, timeout_seconds=self.timeout_seconds
        )
        if not (received and received[0]["gold_parsed"]):
            return _gold_error(failure or "not a mathematical expression")
        if failure:
            return unparsed(failure)
        return _judgement(received[1]["outcome"], received[1]["detail"])


def _flaw(text: str) -> str | None:
    """Why a text must not reach math-verify."""
    if len(text) > 2 * LONGEST:
        return f"longer than {LONGEST} characters"
    return "too large to compare" if too_large(text) else None


def _gold_error(why: str) -> Judgement:
    return Judgement(Verdict.VERIFIER_ERROR, f"the gold answer cannot be parsed: {why}")


def _judgement(outcome: str, detail: str | None) -> Judgement:
    match outcome:
        case "equal":
            return EQUAL._replace(computed=detail == "rational")
        case "unequal":
            return UNEQUAL
        case "unparsed":
            return unparsed("not a mathematical expression")
        case "too large":
            return unparsed(f"too large to compare: {detail}")
        case _:
            return Judgement(Verdict.VERIFIER_ERROR, detail)
