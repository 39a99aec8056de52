"""An experiment's asset graph."""

from pathlib import Path

import dagster as dg

from assets.advance import advance_sensor
from assets.automation import checkpoint_sensor, evaluation_schedule
from assets.declared import Declared
from assets.in_step import in_step_check
from assets.jobs import asset_jobs
from assets.run_cluster import run_cluster
from assets.stages.shown import stage_assets
from assets.training.job import train_job
from assets.training.training import Training
from rlsd_pipeline.config.experiment import ExperimentConfig


def build_definitions(
    name: str, experiment: ExperimentConfig, file: Path | None = None
) -> dg.Definitions:
    """The graph, the jobs and the automation of one experiment.

    Args:
        name: Prefix of all names.
        experiment: What is declared.
        file: The YAML that declares it.
    """
    declared = Declared(name, experiment, file)
    return definitions_of(declared, Training(declared))


def definitions_of(declared: Declared, training: Training) -> dg.Definitions:
    """The same, with the loop that trains.

    Args:
        declared: The experiment.
        training: What its training job runs.
    """
    train, others = train_job(declared, training), asset_jobs(declared)
    return dg.Definitions(
        assets=stage_assets(declared),
        asset_checks=[in_step_check(declared)],
        jobs=[train, *others.values()],
        schedules=[evaluation_schedule(declared, others["evaluate"])],
        sensors=[
            advance_sensor(declared, train),
            checkpoint_sensor(declared, others["evaluate"]),
        ],
        resources=run_cluster(declared),
        executor=dg.in_process_executor,
    )
