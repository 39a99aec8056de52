"""The evaluations of an arm, each read from the store as far as it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.diagnostics.leakage.mentions import count_mentioning
from rlsd_pipeline.evaluation.intervals import Estimate, wilson_share
from rlsd_pipeline.evaluation.methods import QuestionScores
from rlsd_pipeline.stages.evaluation.question_scores import (
    read_question_clusters,
    read_question_scores,
)
from rlsd_pipeline.stages.run import Workspace
from schemas import BenchmarkScore, ItemVerdict

_counted: dict[str, int] = {}
"""Digest of a score -> how many of its responses mention a reference."""


@dataclass(frozen=True)
class Evaluated:
    """One policy on one benchmark, read as far as it is asked."""

    artifact: Artifact
    confidence: float

    @cached_property
    def score(self) -> BenchmarkScore:
        """The score with its interval over questions."""
        return self.artifact.record(BenchmarkScore)

    @property
    def accuracy(self) -> Estimate:
        """The score as an estimate."""
        return Estimate(self.score.score, self.score.interval_low, self.score.interval_high)

    @cached_property
    def questions(self) -> QuestionScores:
        """Question or group of questions -> what it contributes to the score."""
        return read_question_scores(self.artifact)

    @cached_property
    def clusters(self) -> dict[str, str]:
        """Question or group of questions -> what it is not independent of."""
        return read_question_clusters(self.artifact)

    @cached_property
    def mentions(self) -> Estimate:
        """Share of the responses that mention a reference, with an interval over responses."""
        return wilson_share(self._mentioning(), len(self._items), self.confidence)

    def _mentioning(self) -> int:
        """Of an earlier version's score, counted once a process: it takes longer than the rest."""
        if self.score.mentioning is not None:
            return self.score.mentioning
        if self.artifact.digest not in _counted:
            _counted[self.artifact.digest] = count_mentioning(self._items["completion"])
        return _counted[self.artifact.digest]

    @cached_property
    def completions(self) -> list[tuple[str, str]]:
        """Problem id and text of every response."""
        columns = (self._items[name].to_pylist() for name in ("problem_id", "completion"))
        return list(zip(*columns, strict=True))

    @cached_property
    def _items(self) -> pa.Table:
        return self.artifact.table(ItemVerdict, ["problem_id", "completion"])


def evaluations(workspace: Workspace, arm: str, benchmark: str) -> Iterator[tuple[int, Evaluated]]:
    """Iteration and evaluated policy, in order."""
    confidence = workspace.experiment.evaluation.confidence
    for iteration in range(workspace.experiment.iterations + 1):
        run = workspace.at(arm, iteration)
        artifact = workspace.store.ref(run.reference(f"benchmark_scores.{benchmark}"))
        if artifact is not None:
            yield iteration, Evaluated(artifact, confidence)
