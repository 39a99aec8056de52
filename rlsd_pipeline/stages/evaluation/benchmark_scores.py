"""benchmark_scores: a policy on a benchmark, response by response, and its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.stages.stage import Stage
from schemas import BenchmarkScore, ItemVerdict, PolicyCheckpoint, QuestionScore, Verdict

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
    from rlsd_pipeline.config.experiment import ExperimentConfig
    from rlsd_pipeline.stages.evaluation.benchmark_task import JudgedResponses
    from rlsd_pipeline.stages.workspace import StageRun


class BenchmarkScoresStage(Stage):
    """Score a policy on one benchmark."""

    type: Literal["benchmark_scores"] = "benchmark_scores"

    name = "benchmark_scores"
    description = "Verdicts and score, with interval, of the policy after k updates."
    version = "5"
    scope = "policy"
    reads = ("policy",)
    decided_by = ("verifier", "prompts")
    writes = (BenchmarkScore, ItemVerdict, QuestionScore)
    computes = True

    benchmark: BenchmarkConfig
    """The questions, and how they are answered and judged."""

    @property
    def full_name(self) -> str:
        """One artifact a benchmark."""
        return f"{self.name}.{self.benchmark.name}"

    def upstream(self, experiment: ExperimentConfig) -> tuple[str, ...]:
        """The questions and the policy."""
        return (self.benchmark.items, *self.reads)

    def inputs(self, run: StageRun) -> dict[str, Artifact]:
        """The questions, of the experiment's own problems or of a public benchmark; the policy."""
        return {"items": self.benchmark.items_at(run), **super().inputs(run)}

    def settings(self, run: StageRun) -> dict[str, Any]:
        """The declared benchmark, without the location of a local copy."""
        return {
            "benchmark": identity(self.benchmark, without=("path",)),
            "confidence": run.experiment.evaluation.confidence,
            "engine": run.experiment.engine.identity,
            **self.benchmark.depends_on(run.experiment),
        }

    def write(self, run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter) -> None:
        """Ask, judge and summarise.

        Raises:
            ConfigError: The data set holds out no problems.
            DataError: A prompt is longer than the budget.
            ComponentError: A method of a user's benchmark failed.
        """
        from rlsd_pipeline.artifacts.tables import record_table
        from rlsd_pipeline.stages.evaluation.responding import respond

        items, benchmark = inputs["items"], self.benchmark
        test = benchmark.test(run, items)
        responses = respond(run, benchmark, items, test.asked(), test.budget)
        judged = test.judge(responses)
        units = _units(judged)
        out.record(_score(run, benchmark, test.split, judged, units))
        out.table(ItemVerdict, record_table(ItemVerdict, judged.items))
        out.table(QuestionScore, record_table(QuestionScore, units))

    def metrics(self, artifact: Artifact) -> dict[str, float]:
        """The score with its interval, and the responses that came to no verdict."""
        from rlsd_pipeline.tracking.metrics import score_metrics

        return score_metrics(artifact.record(BenchmarkScore))


def _units(judged: JudgedResponses) -> list[QuestionScore]:
    from rlsd_pipeline.evaluation.scored import CLUSTER

    clusters = {
        each.problem.problem_id: each.problem.attributes.get(CLUSTER, each.problem.problem_id)
        for each in judged.scored
    }
    return [
        QuestionScore(unit_id=unit, score=score, cluster=clusters.get(unit, unit))
        for unit, score in judged.summary.question_scores.items()
    ]


def _score(
    run: StageRun,
    benchmark: BenchmarkConfig,
    split: str,
    judged: JudgedResponses,
    units: Sequence[QuestionScore],
) -> BenchmarkScore:
    from rlsd_pipeline.diagnostics.leakage.mentions import count_mentioning
    from rlsd_pipeline.statistics.power import detectable_difference

    confidence, policy = run.experiment.evaluation.confidence, run.read("policy")
    verdicts = [each.verdict for each in judged.scored]
    estimate = judged.summary.score
    clusters = [unit.cluster for unit in units]
    detectable = detectable_difference(
        [unit.score for unit in units], confidence, clusters=clusters
    )
    return BenchmarkScore(
        benchmark=benchmark.name,
        split=split,
        mode=judged.mode,
        policy=policy.digest,
        updates=policy.record(PolicyCheckpoint).updates,
        questions=len({each.problem.problem_id for each in judged.scored}),
        samples=benchmark.samples,
        temperature=benchmark.temperature,
        score=estimate.value,
        interval_low=estimate.low,
        interval_high=estimate.high,
        confidence=confidence,
        correct=verdicts.count(Verdict.CORRECT),
        unparsed=verdicts.count(Verdict.UNPARSED),
        truncated=verdicts.count(Verdict.TRUNCATED),
        verifier_errors=verdicts.count(Verdict.VERIFIER_ERROR),
        guessed=sum(each.guessed for each in judged.scored),
        clusters=len(set(clusters)),
        detectable=detectable if detectable == detectable else None,
        pass_at=_pass_at(judged, benchmark.samples, confidence),
        judge=judged.judge,
        blind_baseline=judged.blind_baseline,
        breakdown=dict(judged.summary.breakdown),
        mentioning=count_mentioning([item.completion for item in judged.items]),
    )


def _pass_at(judged: JudgedResponses, samples: int, confidence: float) -> dict[str, float]:
    from rlsd_pipeline.evaluation.samples import avg_at_k, pass_at_k, pass_hat_k, tally

    tallies = tally(judged.scored)
    if samples == 1 or not any(found.samples >= samples for found in tallies.values()):
        return {}
    return {
        f"avg@{samples}": avg_at_k(tallies, confidence).estimate.value,
        f"pass@{samples}": pass_at_k(tallies, samples, confidence).estimate.value,
        f"pass^{samples}": pass_hat_k(tallies, samples, confidence).estimate.value,
    }
