"""The `benchmark_scores` assets: one a benchmark, one partition a policy."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.pictures import learning_curve
from assets.stages.cells import numbers, shown
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage
from rlsd_pipeline.tables.table import table_of_cells
from schemas import BreakdownScore

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

RESULTS_LATER_TAG = ".dagster/rlsd_results_later"
"""On a run of the command line, which makes table and picture of several runs when they are due."""

_SHOWN = {
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
    def benchmark_scores(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult]:
        with own_message_first():
            run = declared.at(context, recompute=config.recompute)
            artifact = stage.make(run)
            yield materialized(artifact, _page(run, stage, artifact))
            _refresh_results(context, declared)

    return benchmark_scores


def _page(
    run: "StageRun", stage: BenchmarkScoresStage, artifact: "Artifact"
) -> dict[str, dg.MetadataValue]:
    """The score in numbers, its curve, and its parts."""
    from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
    from schemas import BenchmarkScore

    score, name = artifact.record(BenchmarkScore), stage.benchmark.name
    found = score.model_dump(include=_SHOWN, exclude_none=True) | score.pass_at
    if score.judge is not None:
        judged = score.judge.model_dump(exclude={"model"})
        found |= {f"judge/{name}": value for name, value in judged.items()}
    page: dict[str, dg.MetadataValue] = {
        "mode": dg.MetadataValue.text(score.mode),
        **numbers(found),
        "curve": learning_curve(run.workspace, name, read_scores(run.workspace, [name])),
    }
    if score.judge is not None:
        page["judge"] = dg.MetadataValue.text(score.judge.model)
    if score.breakdown:
        page["breakdown"] = _table(score.breakdown)
    return page


def _refresh_results(context: dg.AssetExecutionContext, declared: Declared) -> None:
    """Let the table of all scores hold this one, unless the run or what began it makes it later."""
    from assets.training.publisher import Publisher

    if RESULTS_LATER_TAG in context.run.tags:
        return
    stage = declared.stage(ResultsStage)
    if declared.key(stage.name) not in context.job_def.asset_layer.executable_asset_keys:
        Publisher(context, declared).make(stage, declared.workspace().whole())
        Marks.of(declared, context).settle_results()


def _table(breakdown: Mapping[str, BreakdownScore]) -> dg.TableMetadataValue:
    """One line a label: the steps first, then the kinds of question."""
    rows = [
        (label.removeprefix("step:"), part.interval, part.n) for label, part in breakdown.items()
    ]
    return shown(table_of_cells("breakdown", ("label", "score", "n"), rows, form=".3f"))
