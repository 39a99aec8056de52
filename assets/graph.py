"""An experiment's asset graph."""

from pathlib import Path

import dagster as dg

from assets.advance import advance_sensor, iteration_job
from assets.automation import checkpoint_sensor, evaluation_job, evaluation_schedule
from assets.declared import Declared
from assets.run_cluster import run_cluster
from assets.stages.shown import stage_assets
from rlsd_pipeline.config.experiment import ExperimentConfig


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
