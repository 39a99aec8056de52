"""The stages, in the order of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage
from rlsd_pipeline.stages.evaluation.benchmark_items import BenchmarkItemsStage
from rlsd_pipeline.stages.evaluation.benchmark_responses import BenchmarkResponsesStage
from rlsd_pipeline.stages.evaluation.benchmark_scores import BenchmarkScoresStage
from rlsd_pipeline.stages.evaluation.result_table import ResultsStage
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.policy_checkpoint import PolicyCheckpointStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.iteration.rewards import RewardsStage
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.iteration.token_weights import TokenWeightsStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.config.experiment import Arm

ITERATION: tuple[type[Stage], ...] = (
    RolloutsStage,
    RewardsStage,
    LogprobsStage,
    TokenWeightsStage,
    PolicyCheckpointStage,
)
"""One iteration of the training loop."""

VALUED_ITERATION: tuple[type[Stage], ...] = (
    *ITERATION[:-2],
    TokenValuesStage,
    *ITERATION[-2:],
)
"""The same of a method that reads what the tokens were worth."""

_ALL: tuple[type[Stage], ...] = (
    BenchmarkItemsStage,
    ProblemsStage,
    PolicyStage,
    *ITERATION,
    WeightingComparisonStage,
    GradientComparisonStage,
    InformationGapStage,
    TokenValuesStage,
    LookaheadStage,
    BenchmarkResponsesStage,
    BenchmarkScoresStage,
    ResultsStage,
)

STAGES: dict[str, type[Stage]] = {stage.name: stage for stage in _ALL}
"""Every stage by its name."""

ITERATION_STAGES = tuple(stage.name for stage in ITERATION)


def iteration_of(arm: Arm) -> tuple[type[Stage], ...]:
    """The stages of one iteration of an arm, in order."""
    return VALUED_ITERATION if arm.weighting.reads_values else ITERATION


def stage_of(full_name: str) -> type[Stage] | None:
    """The stage of an artifact or asset, such as `benchmark_scores.NAME`; None of what is none."""
    return STAGES.get(full_name.split(".")[0])
