"""lookahead: one update by every method from the same policy and rollouts, each then evaluated.

The artifacts are those of ordinary stages, kept under `what_if`, so a second call computes nothing.
"""

from typing import NamedTuple

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.evaluation.intervals import Estimate, PairedDifference, score_interval
from rlsd_pipeline.evaluation.methods import (
    Difference,
    QuestionScores,
    holm,
    method_difference,
)
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.what_if import as_if, make_credit
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.question_scores import (
    read_question_clusters,
    read_question_scores,
)
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.run import StageRun


class Lookahead(NamedTuple):
    """One method after its one update.

    Attributes:
        method: Its name.
        score: Accuracy over questions.
        gain: Paired difference to the policy before the update.
        difference: Paired difference to the method that all are compared with, None for it.
    """

    method: str
    score: Estimate
    gain: PairedDifference | None
    difference: Difference | None


def look_ahead(run: StageRun, benchmark: BenchmarkConfig) -> list[Lookahead]:
    """Update by every method, evaluate, and compare over the same questions."""
    scores = BenchmarkScoresStage(benchmark=benchmark)
    before = scores.make(_unchanged(run))
    named = compared_methods(run)
    scored: dict[str, QuestionScores] = {}
    for name, method in named.items():
        what_if = as_if(run, name, method)
        make_credit(what_if)
        what_if.make(PolicyCheckpointStage)
        after = as_if(run, name, method, run.iteration + 1)
        scored[name] = _questions(scores.make(after))
    return _lines(run, before, scored)


def read_lookahead(run: StageRun, benchmark: BenchmarkConfig) -> list[Lookahead]:
    """What `look_ahead` found here before; empty where it has not run."""
    stage, store = BenchmarkScoresStage(benchmark=benchmark).full_name, run.workspace.store
    before = store.ref(_unchanged(run).reference(stage))
    scored: dict[str, QuestionScores] = {}
    for name, method in compared_methods(run).items():
        after = store.ref(as_if(run, name, method, run.iteration + 1).reference(stage))
        if after is not None:
            scored[name] = _questions(after)
    return _lines(run, before, scored) if before is not None and scored else []


def _unchanged(run: StageRun) -> StageRun:
    """The policy before the update; its score here is none of the arm's evaluations."""
    return as_if(run, "before", run.arm.weighting)


def _lines(run: StageRun, before: Artifact, scored: dict[str, QuestionScores]) -> list[Lookahead]:
    start, clusters = _questions(before), read_question_clusters(before)
    confidence, compared = run.experiment.evaluation.confidence, run.experiment.compared_with
    differences = {
        name: method_difference({0: scored[compared]}, {0: questions}, confidence, clusters)
        for name, questions in scored.items()
        if compared in scored and name != compared
    }
    corrected = holm(differences)
    return [
        Lookahead(
            name,
            score_interval(list(questions.values()), confidence),
            method_difference({0: start}, {0: questions}, confidence, clusters),
            corrected.get(name),
        )
        for name, questions in scored.items()
    ]


def _questions(scores: Artifact) -> QuestionScores:
    return read_question_scores(scores)
