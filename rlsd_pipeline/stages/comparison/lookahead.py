"""lookahead: one update by every method from the same policy and rollouts, each then evaluated.

The artifacts are those of ordinary stages, kept under `what_if`, so a second call computes nothing.
"""

from collections.abc import Mapping

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.errors import ArtifactError
from rlsd_pipeline.stages.comparison.compared_methods import compared_methods
from rlsd_pipeline.stages.comparison.counterfactual import as_if, make_credit
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.question_scores import (
    read_question_clusters,
    read_question_scores,
)
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.statistics.methods import holm, method_difference, method_score
from schemas import MethodLookahead

BEFORE = "before"
"""Name of the policy before the update, in place of a method's."""


def look_ahead(run: StageRun, benchmark: BenchmarkConfig) -> list[MethodLookahead]:
    """Update by every method, evaluate, and compare over the same questions."""
    scores = BenchmarkScoresStage(benchmark=benchmark)
    found = {BEFORE: scores.make(_unchanged(run))}
    for name, method in compared_methods(run).items():
        counterfactual = as_if(run, name, method)
        make_credit(counterfactual)
        counterfactual.make(PolicyCheckpointStage)
        found[name] = scores.make(as_if(run, name, method, run.iteration + 1))
    return compared(run, found)


def read_lookahead(run: StageRun, benchmark: BenchmarkConfig) -> list[MethodLookahead]:
    """The stored results of `look_ahead`; empty if it has not run."""
    found = _scores(run, benchmark)
    return compared(run, found) if BEFORE in found and len(found) > 1 else []


def scores_here(run: StageRun, benchmark: BenchmarkConfig) -> dict[str, Artifact]:
    """The score before the update, and by method the one after it.

    Raises:
        ArtifactError: An evaluation has not been made here.
    """
    found = _scores(run, benchmark)
    missing = [name for name in (BEFORE, *compared_methods(run)) if name not in found]
    if missing:
        raise ArtifactError(
            f"{run.arm.name} at iteration {run.iteration:03d} has no evaluation of one update by "
            f"{', '.join(missing)}: materialize lookahead there, as `rlsd compare --lookahead` does"
        )
    return found


def _scores(run: StageRun, benchmark: BenchmarkConfig) -> dict[str, Artifact]:
    stage, store = BenchmarkScoresStage(benchmark=benchmark).full_name, run.workspace.store
    places = {BEFORE: _unchanged(run)} | {
        name: as_if(run, name, method, run.iteration + 1)
        for name, method in compared_methods(run).items()
    }
    found = {name: store.ref(place.reference(stage)) for name, place in places.items()}
    return {name: artifact for name, artifact in found.items() if artifact is not None}


def _unchanged(run: StageRun) -> StageRun:
    """The policy before the update; its score here is none of the arm's evaluations."""
    return as_if(run, BEFORE, run.arm.weighting)


def compared(run: StageRun, scores: Mapping[str, Artifact]) -> list[MethodLookahead]:
    """Each method after its update, over the same questions.

    Args:
        run: Where.
        scores: The score before the update as `before`, and by method the one after it.
    """
    before = scores[BEFORE]
    scored = {name: read_question_scores(of) for name, of in scores.items() if name != BEFORE}
    start, clusters = read_question_scores(before), read_question_clusters(before)
    confidence, other = run.experiment.evaluation.confidence, run.experiment.compared_with
    differences = {
        name: method_difference({0: scored[other]}, {0: questions}, confidence, clusters)
        for name, questions in scored.items()
        if other in scored and name != other
    }
    corrected = holm(differences)
    found = []
    for name, questions in scored.items():
        gain = method_difference({0: start}, {0: questions}, confidence, clusters)
        found.append(
            MethodLookahead(
                method=name,
                score=method_score([questions], confidence, clusters),
                gain=gain,
                difference=corrected.get(name),
            )
        )
    return found
