"""The `benchmark_scores` assets: one a benchmark, one partition a policy."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared
from assets.pictures import learning_curve
from assets.stages.cells import numbers, shown
from assets.stages.stage_asset import shown_by, stage_asset
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
        stage = BenchmarkScoresStage(benchmark=benchmark)
        made = shown_by(partial(_page, benchmark.name))
        yield stage_asset(declared, stage, made, after=partial(_refresh_results, declared))


def _page(name: str, run: "StageRun", artifact: "Artifact") -> dict[str, dg.MetadataValue]:
    """The score in numbers, its curve, and its parts."""
    from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
    from schemas import BenchmarkScore

    score = artifact.record(BenchmarkScore)
    found = score.model_dump(include=_SHOWN, exclude_none=True) | score.pass_at
    if score.judge is not None:
        judged = score.judge.model_dump(exclude={"model"})
        found |= {f"judge/{key}": value for key, value in judged.items()}
    page: dict[str, dg.MetadataValue] = {
        "mode": dg.MetadataValue.text(score.mode),
        **numbers(found),
        "curve": learning_curve(run.workspace, name, read_scores(run.workspace, [name])),
    }
    if score.judge is not None:
        page["judge"] = dg.MetadataValue.text(score.judge.model)
    if score.breakdown:
        page |= _table(score.breakdown)
    return page


def _refresh_results(declared: Declared, context: dg.AssetExecutionContext) -> None:
    """Let the table of all scores hold this one, unless the run or what began it makes it later."""
    from assets.training.publisher import Publisher

    if RESULTS_LATER_TAG in context.run.tags:
        return
    stage = declared.stage(ResultsStage)
    if declared.key(stage.name) not in context.job_def.asset_layer.executable_asset_keys:
        Publisher(context, declared).make(stage, declared.workspace().whole())
        Marks.of(declared, context).settle_results()


def _table(breakdown: Mapping[str, BreakdownScore]) -> dict[str, dg.TableMetadataValue]:
    """One line a label: the steps first, then the kinds of question."""
    rows = [
        (label.removeprefix("step:"), part.interval, part.n) for label, part in breakdown.items()
    ]
    return shown(table_of_cells("breakdown", ("label", "score", "n"), rows, form=".3f"))
