"""A benchmark as the evaluation runs it: its questions, prompts, verdicts and score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rlsd_pipeline.evaluation.scored import Scored, Summary
from rlsd_pipeline.stages.evaluation.benchmark_responses import Asked, Budget
from schemas import BenchmarkResponse, ItemVerdict, JudgeScore


@dataclass(frozen=True)
class JudgedResponses:
    """Responses with their verdicts, and the benchmark's own score.

    Attributes:
        mode: Who decided: `verifier`, `official` or `robust`.
        scored: One a response, in the order of the responses.
        items: The same as records.
        summary: The score with its parts.
        blind_baseline: Accuracy of answering without looking, where it is known.
        judge: The score with a judge's reading beside it.
    """

    mode: str
    scored: Sequence[Scored]
    items: Sequence[ItemVerdict]
    summary: Summary
    blind_baseline: float | None = None
    judge: JudgeScore | None = None


class BenchmarkTask(Protocol):
    """A benchmark that a policy takes."""

    @property
    def split(self) -> str:
        """The part of it that is asked."""

    @property
    def budget(self) -> Budget:
        """Tokens of a prompt and of a response."""

    def asked(self) -> list[Asked]:
        """The questions as they are put."""

    def judge(self, responses: Sequence[BenchmarkResponse]) -> JudgedResponses:
        """Verdicts and score."""


def item_verdict(scored: Scored, labels: Mapping[str, str]) -> ItemVerdict:
    """A verdict as its record, before any judge was asked."""
    return ItemVerdict(
        problem_id=scored.problem.problem_id,
        sample_index=scored.sample_index,
        completion=scored.response,
        extracted=scored.extracted,
        verdict=scored.verdict,
        guessed=scored.guessed,
        judged=None,
        attributes=dict(labels),
    )
