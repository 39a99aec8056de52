"""The jobs of one experiment, which the UI and the command line both run."""

from collections.abc import Sequence

import dagster as dg

from assets.dagster_private import UnresolvedAssetJobDefinition
from assets.declared import Declared
from assets.stages import compared_columns
from rlsd_pipeline.imports.stages import RolloutsImport
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.registry import ITERATION_STAGES, VALUED_ITERATION

VALUED = "valued_iteration"
IMPORT = "import"
COMPARE_WITH_COLUMNS = "compare_with_columns"

_MEASURED = (TokenValuesStage, GradientComparisonStage, InformationGapStage, LookaheadStage)
"""Stages beside the loop that need the policy, each with a job of its name."""


def job_name(declared: Declared, does: str) -> str:
    """`train` -> `easy_vqa_train`; a benchmark's own job is `easy_vqa_evaluate_greedy`."""
    return f"{declared.name}_{does}"


def asset_jobs(declared: Declared) -> dict[str, UnresolvedAssetJobDefinition]:
    """Name -> job that materializes its stages at one partition."""
    scores = score_stages(declared)
    stages: dict[str, tuple[Sequence[str], str]] = {
        ProblemsStage.name: ([ProblemsStage.name], "The data set."),
        PolicyStage.name: ([PolicyStage.name], "The weights that an iteration samples from."),
        "iteration": (
            ITERATION_STAGES,
            "One iteration of one arm: rollouts, rewards, log-probabilities, token weights, "
            "update. It publishes the next policy.",
        ),
        **_valued_iteration(declared),
        **_import(declared),
        "evaluate": (
            [*scores.values(), ResultsStage.name],
            "Scores the policy of a partition on every benchmark, and puts all scores in one "
            "table.",
        ),
        **{
            f"evaluate_{name}": (
                [score, ResultsStage.name],
                f"Scores the policy of a partition on {name}, and puts all scores in one table.",
            )
            for name, score in scores.items()
        },
        **{stage.name: ([stage.name], stage.description) for stage in _MEASURED},
        "compare": (
            [WeightingComparisonStage.name],
            "Compares the credit of all methods on the rollouts of an iteration.",
        ),
        COMPARE_WITH_COLUMNS: (
            [compared_columns.NAME, WeightingComparisonStage.name],
            "Compares all methods, after the policy has scored the columns that they lack.",
        ),
        ResultsStage.name: ([ResultsStage.name], "All scores in one table."),
    }
    if items := [
        BenchmarkItemsStage(benchmark=each).full_name
        for each in declared.experiment.evaluation.public
    ]:
        stages[BenchmarkItemsStage.name] = (items, "The questions of every public benchmark.")
    return {
        does: dg.define_asset_job(
            job_name(declared, does),
            selection=_assets(declared, names),
            description=description,
        )
        for does, (names, description) in stages.items()
    }


def _assets(declared: Declared, names: Sequence[str]) -> dg.AssetSelection:
    """The assets of these stages, with their checks."""
    assets = dg.AssetSelection.assets(*map(declared.key, names))
    return assets.without_checks() if PolicyStage.name in names else assets


def _valued_iteration(declared: Declared) -> dict[str, tuple[Sequence[str], str]]:
    """The iteration job with token values, if a method reads them."""
    if not any(arm.weighting.reads_values for arm in declared.experiment.lineages().values()):
        return {}
    names = [stage.name for stage in VALUED_ITERATION]
    return {VALUED: (names, "One iteration of an arm whose method reads token values.")}


def _import(declared: Declared) -> dict[str, tuple[Sequence[str], str]]:
    """The import job, if the rollouts are a log's: the imported stages, and scores by a model."""
    stage = declared.stage(RolloutsStage)
    if not isinstance(stage, RolloutsImport):
        return {}
    scored = [LogprobsStage.name] if stage.tokens == "model" else []
    names = [RolloutsStage.name, RewardsStage.name, *scored]
    return {IMPORT: (names, "Imports an iteration from another trainer's log.")}


def score_stages(declared: Declared) -> dict[str, str]:
    """Name of a benchmark -> full name of the stage that scores on it."""
    benchmarks = declared.experiment.evaluation.benchmarks
    return {each.name: BenchmarkScoresStage(benchmark=each).full_name for each in benchmarks}
