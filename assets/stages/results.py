"""The `results` asset: all scores in one table."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.pictures import difference_picture, learning_curve, training_curves
from assets.stages.cells import number
from assets.stages.config import StageConfig
from rlsd_pipeline.report.numbers import true_minus
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.config.evaluation import BenchmarkConfig
    from rlsd_pipeline.stages.evaluation.policy_evaluation import Scores
    from rlsd_pipeline.stages.evaluation.results import Result
    from rlsd_pipeline.stages.workspace import StageRun, Workspace


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The newest score of each arm beside its base."""
    stage = declared.stage(ResultsStage)

    @dg.asset(**declared.asset(stage))
    def results(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult]:
        with own_message_first():
            run = declared.at(context, recompute=config.recompute)
            yield from made(declared, stage, run, context.log)
            Marks.of(declared, context).settle_results()

    yield results


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult]:
    """The materialization of the table as all scores are now."""
    from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
    from rlsd_pipeline.stages.evaluation.results import results_of

    artifact = stage.make(run)
    scores = read_scores(run.workspace)
    lines = results_of(run.experiment, scores)
    page = _page(run.workspace, scores, lines) if lines else {}
    yield materialized(artifact, page or {"lines": "no policy has been evaluated yet"})


def _page(
    workspace: "Workspace", scores: "Scores", lines: "Sequence[Result]"
) -> dict[str, dg.MetadataValue]:
    """The table, the document and the pictures."""
    from assets.results.document import sections
    from assets.results.formats import markdown
    from assets.results.headroom import headroom_section
    from rlsd_pipeline.stages.evaluation.headroom import headrooms, how_to_know
    from rlsd_pipeline.stages.evaluation.learning import read_learning
    from rlsd_pipeline.stages.upkeep.earlier import earlier_notes

    experiment = workspace.experiment
    benchmarks, compared_with = experiment.evaluation.benchmarks, experiment.compared_with
    pictures: dict[str, dg.MetadataValue] = dict(training_curves(workspace))
    for benchmark in benchmarks:
        pictures[f"curve/{benchmark.name}"] = learning_curve(workspace, benchmark.name, scores)
        pictures |= difference_picture(workspace, lines, benchmark.name)
    headroom = headroom_section(
        headrooms(experiment, read_learning(workspace, scores)), how_to_know(experiment)
    )
    document = markdown([*sections(lines, compared_with, benchmarks), headroom])
    notes = earlier_notes(workspace)
    earlier = {"earlier declaration": dg.MetadataValue.md("\n\n".join(notes))} if notes else {}
    return {
        "table": dg.MetadataValue.table(_records(lines, compared_with, benchmarks)),
        "document": dg.MetadataValue.md(document),
        "headroom": dg.MetadataValue.md(markdown([headroom])),
        **earlier,
        **pictures,
    }


def _records(
    lines: "Sequence[Result]", compared_with: str, benchmarks: "Sequence[BenchmarkConfig]"
) -> list[dg.TableRecord]:
    from assets.results.document import estimate
    from assets.results.paper import paper_column

    judged = any(line.judged is not None for line in lines)
    compared = any(line.difference is not None for line in lines)
    paper = {
        benchmark.name: paper_column(
            [line for line in lines if line.benchmark == benchmark.name], benchmark
        )[1]
        for benchmark in benchmarks
    }
    published = any(paper.values())
    return [
        dg.TableRecord(
            {
                "benchmark": line.benchmark,
                "method": line.method,
                "accuracy": _unbroken(estimate(line.score)),
                **(_compared(line, compared_with) if compared else {}),
                "updates": line.updates,
                "seeds": len(line.seeds),
                "gain": "-" if line.gain is None else true_minus(f"{line.gain.value:+.3f}"),
                "detectable": number(line.detectable, ".3f"),
                **({"judged": number(line.judged, ".3f")} if judged else {}),
                "blind": number(line.blind, ".3f"),
                "mentions": number(line.mentions.value, ".3f"),
                "unparsed": line.unparsed,
                "truncated": line.truncated,
                **({"paper, %": paper[line.benchmark].get(line.method, "-")} if published else {}),
            }
        )
        for line in lines
    ]


def _compared(line: "Result", compared_with: str) -> dict[str, str]:
    from assets.results.document import signed

    other = line.difference
    return {
        f"minus {compared_with}": "-" if other is None else _unbroken(signed(other.paired)),
        "p (Holm)": number(other and other.p_corrected, ".2g"),
    }


def _unbroken(text: str) -> str:
    """A number on one line with its interval, which the page would fold."""
    return true_minus(text).replace(" ", "\u00a0")
