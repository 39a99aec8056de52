"""An experiment's asset graph."""

from pathlib import Path

import dagster as dg

from assets.advance import advance_sensor, iteration_job
from assets.automation import checkpoint_sensor, evaluation_job, evaluation_schedule
from assets.declared import Declared
from assets.run_cluster import run_cluster
from assets.stages.benchmark_items import benchmark_items_asset
from assets.stages.benchmark_scores import benchmark_scores_asset
from assets.stages.logprobs import logprobs_asset
from assets.stages.policy import policy_asset
from assets.stages.policy_checkpoint import policy_checkpoint_asset
from assets.stages.problems import problems_asset
from assets.stages.results import results_asset
from assets.stages.rewards import rewards_asset
from assets.stages.rollouts import rollouts_asset
from assets.stages.token_weights import token_weights_asset
from assets.stages.weighting_comparison import weighting_comparison_asset
from rlsd_pipeline.config.experiment import ExperimentConfig


def stage_assets(declared: Declared) -> list[dg.AssetsDefinition]:
    """Every stage, in order."""
    return [
        problems_asset(declared),
        *(
            benchmark_items_asset(declared, benchmark)
            for benchmark in declared.experiment.evaluation.public
        ),
        policy_asset(declared),
        rollouts_asset(declared),
        rewards_asset(declared),
        logprobs_asset(declared),
        token_weights_asset(declared),
        policy_checkpoint_asset(declared),
        weighting_comparison_asset(declared),
        *(
            benchmark_scores_asset(declared, benchmark)
            for benchmark in declared.experiment.evaluation.benchmarks
        ),
        results_asset(declared),
    ]


def build_definitions(
    name: str, experiment: ExperimentConfig, file: Path | None = None
) -> dg.Definitions:
    """The graph, the loop and the schedule of one experiment.

    Args:
        name: Prefix of all names.
        experiment: What is declared.
        file: The YAML that declares it.
    """
    declared = Declared(name, experiment, file)
    evaluation, iteration = evaluation_job(declared), iteration_job(declared)
    return dg.Definitions(
        assets=stage_assets(declared),
        jobs=[iteration, evaluation],
        schedules=[evaluation_schedule(declared, evaluation)],
        sensors=[advance_sensor(declared, iteration), checkpoint_sensor(declared, evaluation)],
        resources=run_cluster(declared),
        executor=dg.in_process_executor,
    )
