"""The `results` asset: all scores in one table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.behind import Marks
from assets.declared import Declared
from assets.pictures import difference_picture, learning_curve, training_curves
from assets.stages.cells import shown
from assets.stages.stage_asset import shown_by, stage_asset
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.evaluation.policy_evaluation import Scores
    from rlsd_pipeline.stages.workspace import StageRun, Workspace
    from schemas import MethodResult


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The newest score of each arm beside its base."""

    def settle(context: dg.AssetExecutionContext) -> None:
        Marks.of(declared, context).settle_results()

    yield stage_asset(declared, declared.stage(ResultsStage), made, after=settle)


def _page(run: "StageRun", artifact: "Artifact") -> Mapping[str, Any]:
    """The table as all scores are now."""
    from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
    from rlsd_pipeline.stages.evaluation.results import results_of

    scores = read_scores(run.workspace)
    lines = results_of(run.experiment, scores)
    if not lines:
        return {"lines": "no policy has been evaluated yet"}
    return _shown(run.workspace, scores, lines)


made = shown_by(_page)


def _shown(
    workspace: "Workspace", scores: "Scores", lines: "Sequence[MethodResult]"
) -> dict[str, dg.MetadataValue]:
    """The table, the document and the pictures."""
    from rlsd_pipeline.stages.evaluation.headroom import headrooms
    from rlsd_pipeline.stages.evaluation.learning import read_learning
    from rlsd_pipeline.stages.upkeep.former_policies import outdated_notes
    from rlsd_pipeline.tables.documents import markdown
    from rlsd_pipeline.tables.headroom import headroom_table
    from rlsd_pipeline.tables.results import documents, page_table

    experiment = workspace.experiment
    benchmarks, compared_with = experiment.evaluation.benchmarks, experiment.compared_with
    pictures: dict[str, dg.MetadataValue] = dict(training_curves(workspace))
    for benchmark in benchmarks:
        pictures[f"curve/{benchmark.name}"] = learning_curve(workspace, benchmark.name, scores)
        pictures |= difference_picture(workspace, lines, benchmark.name)
    found = headrooms(experiment, read_learning(workspace, scores))
    headroom = headroom_table(found, experiment)
    document = markdown([*documents(lines, compared_with, benchmarks), headroom])
    notes = outdated_notes(workspace)
    outdated = {"outdated": dg.MetadataValue.md("\n\n".join(notes))} if notes else {}
    return {
        **shown(page_table(lines, compared_with, benchmarks)),
        "document": dg.MetadataValue.md(document),
        "headroom": dg.MetadataValue.md(markdown([headroom])),
        **outdated,
        **pictures,
    }
