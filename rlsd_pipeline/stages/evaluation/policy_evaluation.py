"""The evaluations of an arm, read from the store on demand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.experiment import Arm
from rlsd_pipeline.stages.evaluation.mention_counts import MentionCount, mention_count
from rlsd_pipeline.stages.evaluation.question_scores import (
    read_question_clusters,
    read_question_scores,
)
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import repeated_share
from rlsd_pipeline.statistics.methods import QuestionScores
from schemas import BenchmarkScore, Interval, ItemVerdict


@dataclass(frozen=True)
class PolicyEvaluation:
    """One policy on one benchmark, read on demand."""

    artifact: Artifact
    confidence: float

    @cached_property
    def score(self) -> BenchmarkScore:
        """The score with its interval over questions."""
        return self.artifact.record(BenchmarkScore)

    @property
    def accuracy(self) -> Interval:
        """The score with its interval alone."""
        return self.score.interval

    @cached_property
    def questions(self) -> QuestionScores:
        """Question or group of questions -> what it contributes to the score."""
        return read_question_scores(self.artifact)

    @cached_property
    def clusters(self) -> dict[str, str]:
        """Question or group of questions -> what it is not independent of."""
        return read_question_clusters(self.artifact)

    @cached_property
    def mentions(self) -> Interval:
        """Share of the responses that mention a reference, with an interval over questions."""
        return repeated_share(*self.mentioning, self.score.questions, self.confidence)

    @property
    def mentioning(self) -> MentionCount:
        """How many responses mention a reference, and how many there are."""
        return mention_count(self.artifact, self.score)

    @property
    def completions(self) -> list[tuple[str, str]]:
        """Problem id and text of every response."""
        names = ["problem_id", "completion"]
        items = self.artifact.table(ItemVerdict, names)
        return list(zip(*(items[name].to_pylist() for name in names), strict=True))


def evaluations(
    workspace: Workspace, arm: str, benchmark: str
) -> Iterator[tuple[int, PolicyEvaluation]]:
    """Iteration and evaluated policy, in order."""
    confidence = workspace.experiment.evaluation.confidence
    for iteration in range(workspace.experiment.iterations + 1):
        run = workspace.at(arm, iteration)
        artifact = workspace.store.ref(run.reference(f"benchmark_scores.{benchmark}"))
        if artifact is not None:
            yield iteration, PolicyEvaluation(artifact, confidence)


def furthest(
    arms: Iterable[Arm], evaluated: Mapping[str, Mapping[int, PolicyEvaluation]]
) -> tuple[int, dict[int, PolicyEvaluation]]:
    """How far a method is, and its seeds that have come as far.

    Args:
        arms: The method's.
        evaluated: Arm -> updates -> evaluated policy.

    Returns:
        Updates, 0 where no policy was evaluated, and the seed of each such arm -> its policy.
    """
    of = {arm.seed: evaluated[arm.name] for arm in arms}
    updates = max((k for found in of.values() for k in found), default=0)
    return updates, {seed: found[updates] for seed, found in of.items() if updates in found}


Scores = Mapping[str, Mapping[str, Mapping[int, PolicyEvaluation]]]
"""Benchmark -> arm -> updates -> evaluated policy."""


def read_scores(workspace: Workspace, benchmarks: Iterable[str] | None = None) -> Scores:
    """All evaluations in the store, read once for several questions.

    Args:
        workspace: The experiment.
        benchmarks: Only of these; of all unless told.
    """
    declared = [benchmark.name for benchmark in workspace.experiment.evaluation.benchmarks]
    return {
        name: {
            arm: dict(evaluations(workspace, arm, name)) for arm in workspace.experiment.lineages()
        }
        for name in (declared if benchmarks is None else benchmarks)
    }
