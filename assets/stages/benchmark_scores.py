"""The `benchmark_scores` assets: one a benchmark, one partition a policy."""

from collections.abc import Mapping

import dagster as dg

from assets.declared import Declared, materialized
from assets.pictures import learning_curve
from assets.stages.config import StageConfig
from rlsd_pipeline.config.experiment import HeldoutBenchmark
from schemas import BreakdownScore


def benchmark_scores_asset(declared: Declared, benchmark: HeldoutBenchmark) -> dg.AssetsDefinition:
    """A policy's score on one benchmark."""
    stage = f"benchmark_scores.{benchmark.name}"

    @dg.asset(
        **declared.policy_asset(
            stage,
            "Verdicts and score, with interval, of the policy after k updates.",
        )
    )
    def benchmark_scores(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        from rlsd_pipeline.stages.benchmark_scores import evaluate_policy
        from schemas import BenchmarkScore

        run = declared.at(context, recompute=config.recompute)
        artifact = evaluate_policy(run, benchmark)
        score = artifact.record(BenchmarkScore)
        metadata = {
            "curve": learning_curve(run.workspace, benchmark.name),
            "score": score.score,
            "interval_low": score.interval_low,
            "interval_high": score.interval_high,
            "blind_baseline": score.blind_baseline,
            "questions": score.questions,
            "unparsed": score.unparsed,
            "truncated": score.truncated,
            "verifier_errors": score.verifier_errors,
        }
        if score.breakdown:
            metadata["breakdown"] = _table(score.breakdown)
        return materialized(artifact, metadata)

    return benchmark_scores


def _table(breakdown: Mapping[str, BreakdownScore]) -> dg.TableMetadataValue:
    """One line a label: the steps first, then the kinds of question."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "label": label.removeprefix("step:"),
                    "score": round(part.score, 4),
                    "low": round(part.interval_low, 4),
                    "high": round(part.interval_high, 4),
                    "n": part.n,
                }
            )
            for label, part in breakdown.items()
        ]
    )
