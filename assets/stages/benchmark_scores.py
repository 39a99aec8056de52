"""The `benchmark_scores` assets: one a benchmark, one partition a policy."""

from collections.abc import Mapping

import dagster as dg

from assets.declared import Declared, materialized
from assets.pictures import learning_curve
from assets.stages.config import StageConfig
from rlsd_pipeline.config.evaluation import BenchmarkConfig, HeldoutBenchmark
from schemas import BreakdownScore

_SHOWN = {
    "mode",
    "score",
    "interval_low",
    "interval_high",
    "detectable",
    "blind_baseline",
    "questions",
    "samples",
    "clusters",
    "unparsed",
    "truncated",
    "guessed",
    "verifier_errors",
}


def benchmark_scores_asset(declared: Declared, benchmark: BenchmarkConfig) -> dg.AssetsDefinition:
    """A policy's score on one benchmark."""
    stage = f"benchmark_scores.{benchmark.name}"
    heldout = isinstance(benchmark, HeldoutBenchmark)
    items = "problems" if heldout else f"benchmark_items.{benchmark.name}"

    @dg.asset(
        **declared.policy_asset(
            stage,
            "Verdicts and score, with interval, of the policy after k updates.",
        )
        | {"deps": [declared.key(items), declared.key("policy")]}
    )
    def benchmark_scores(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        from rlsd_pipeline.stages.evaluation.benchmark_scores import evaluate_policy
        from schemas import BenchmarkScore

        run = declared.at(context, recompute=config.recompute)
        artifact = evaluate_policy(run, benchmark)
        score = artifact.record(BenchmarkScore)
        metadata = {
            "curve": learning_curve(run.workspace, benchmark.name),
            **score.model_dump(include=_SHOWN),
            **score.pass_at,
        }
        if score.judge is not None:
            metadata |= {f"judge/{name}": value for name, value in score.judge}
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
