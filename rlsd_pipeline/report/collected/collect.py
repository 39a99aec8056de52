"""The whole report of an experiment."""

from datetime import UTC, datetime

import yaml

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.report.collected.comparison import comparison
from rlsd_pipeline.report.collected.curves import accuracy_chart, mention_chart
from rlsd_pipeline.report.collected.diagnostics import diagnostics
from rlsd_pipeline.report.collected.grid import grids
from rlsd_pipeline.report.collected.learning import learning_plots
from rlsd_pipeline.report.collected.settings import settings
from rlsd_pipeline.report.collected.tokens import MEANING, rollout_views
from rlsd_pipeline.report.collected.training_curves import training_charts
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.stages.comparison.larger_batch import widest
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.evaluation.learning import read_learning
from rlsd_pipeline.stages.evaluation.policy_evaluation import read_scores
from rlsd_pipeline.stages.evaluation.results import results_of
from rlsd_pipeline.stages.upkeep.former_policies import outdated_notes
from rlsd_pipeline.stages.workspace import StageRun, Workspace
from schemas import MethodResult, Results


def collect_report(workspace: Workspace, place: StageRun | None, command: str) -> Report:
    """Everything the store has of an experiment.

    Args:
        workspace: The experiment.
        place: The iteration whose tokens are shown, or None.
        command: What makes the report again.
    """
    experiment, name = workspace.experiment, workspace.name
    scores = read_scores(workspace)
    learnt = read_learning(workspace, scores)
    charts = []
    for benchmark in experiment.evaluation.benchmarks:
        charts.append(accuracy_chart(workspace, benchmark.name, scores))
        if benchmark.temperature > 0:
            charts.append(mention_chart(workspace, benchmark.name, scores))
    shown = None if place is None else widest(place, WeightingComparisonStage.name)
    compared = None if shown is None else comparison(shown)
    table = _results(experiment, results_of(experiment, scores))
    return Report(
        title=f"{name}: which weighting helps",
        experiment=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        notes=tuple(filter(None, [experiment.description, *outdated_notes(workspace)])),
        table=table,
        charts=tuple(chart for chart in charts if chart.curves),
        training=training_charts(workspace),
        rollouts=() if place is None else rollout_views(place),
        rollouts_meaning=MEANING,
        comparison=compared,
        learning=() if shown is None else learning_plots(shown, compared, learnt),
        grids=grids(experiment, table, compared),
        diagnostics=diagnostics(workspace, scores, learnt),
        settings=settings(experiment),
        declaration=_declaration(experiment),
        order=tuple(experiment.methods()),
    )


def _results(experiment: ExperimentConfig, lines: list[MethodResult]) -> Results | None:
    confidence, compared = experiment.evaluation.confidence, experiment.compared_with
    return Results(compared_with=compared, confidence=confidence, lines=lines) if lines else None


def _declaration(experiment: ExperimentConfig) -> str:
    """Every setting, whether it was written or is a default."""
    return yaml.safe_dump(experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
