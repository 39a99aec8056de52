"""The `benchmark_scores` assets: one a benchmark, one partition a policy."""

from collections.abc import Iterator, Mapping

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.pictures import learning_curve
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
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


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """A policy's score on each benchmark."""
    for benchmark in declared.experiment.evaluation.benchmarks:
        yield _asset(declared, BenchmarkScoresStage(benchmark=benchmark))


def _asset(declared: Declared, stage: BenchmarkScoresStage) -> dg.AssetsDefinition:
    @dg.asset(**declared.asset(stage))
    @own_message_first()
    def benchmark_scores(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        from schemas import BenchmarkScore

        run = declared.at(context, recompute=config.recompute)
        artifact = stage.make(run)
        score = artifact.record(BenchmarkScore)
        metadata = {
            "curve": learning_curve(run.workspace, stage.benchmark.name),
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
