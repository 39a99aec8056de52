"""benchmark_scores: a policy on a benchmark, response by response, and its score."""

from collections.abc import Sequence

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.artifacts.tables import record_table
from rlsd_pipeline.config.evaluation import BenchmarkConfig, HeldoutBenchmark
from rlsd_pipeline.evaluation.benchmark import CLUSTER
from rlsd_pipeline.evaluation.power import detectable_difference
from rlsd_pipeline.evaluation.samples import avg_at_k, pass_at_k, pass_hat_k, tally
from rlsd_pipeline.stages.evaluation.benchmark_responses import respond
from rlsd_pipeline.stages.evaluation.heldout_benchmark import HeldoutTest
from rlsd_pipeline.stages.evaluation.public_benchmark import PublicTest
from rlsd_pipeline.stages.evaluation.verdicts import Judged, Test
from rlsd_pipeline.stages.requests import benchmark_scores_request
from rlsd_pipeline.stages.run import StageRun
from schemas import BenchmarkScore, ItemVerdict, PolicyCheckpoint, QuestionScore, Verdict


def evaluate_policy(run: StageRun, benchmark: BenchmarkConfig) -> Artifact:
    """Score the policy of an iteration on one benchmark."""
    test = _test(run, benchmark)

    def write(out: ArtifactWriter) -> None:
        responses = respond(run, benchmark, test.items, test.asked(), test.budget)
        judged = test.judge(responses)
        units = _units(judged)
        out.record(_score(run, benchmark, test.split, judged, units))
        out.table(ItemVerdict, record_table(ItemVerdict, judged.items))
        out.table(QuestionScore, record_table(QuestionScore, units))

    return run.produce(benchmark_scores_request(run, benchmark, test.items), write)


def _test(run: StageRun, benchmark: BenchmarkConfig) -> Test:
    if isinstance(benchmark, HeldoutBenchmark):
        return HeldoutTest(run, benchmark)
    return PublicTest(run, benchmark)


def _units(judged: Judged) -> list[QuestionScore]:
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
    judged: Judged,
    units: Sequence[QuestionScore],
) -> BenchmarkScore:
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
    )


def _pass_at(judged: Judged, samples: int, confidence: float) -> dict[str, float]:
    tallies = tally(judged.scored)
    if samples == 1 or not any(found.samples >= samples for found in tallies.values()):
        return {}
    return {
        f"avg@{samples}": avg_at_k(tallies, confidence).estimate.value,
        f"pass@{samples}": pass_at_k(tallies, samples, confidence).estimate.value,
        f"pass^{samples}": pass_hat_k(tallies, samples, confidence).estimate.value,
    }
