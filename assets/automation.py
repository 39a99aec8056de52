"""The loop that advances itself, the evaluation schedule, and what a killed process leaves."""

import dagster as dg

from assets.declared import Declared
from assets.partitions import partition_key, split_key
from assets.recovery import fail_dead_runs
from rlsd_pipeline.stages.contract import ITERATION_STAGES


def advance_sensor(declared: Declared) -> dg.AutomationConditionSensorDefinition:
    """Runs the stages of an iteration as soon as its policy is there.

    A tick looks at every partition, some thousand a second: a large experiment is asked less often.
    """
    return dg.AutomationConditionSensorDefinition(
        f"{declared.name}_advance",
        target=dg.AssetSelection.assets(*(declared.key(stage) for stage in ITERATION_STAGES)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=max(5, declared.iterations.get_num_partitions() // 200),
        description="Trains every arm whose policy 000 was materialized, iteration by iteration.",
    )


def dead_run_sensor() -> dg.SensorDefinition:
    """Ends runs whose process is gone, so that they do not hold their arm's place for ever."""

    @dg.sensor(
        name="fail_dead_runs",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs of this machine as failed whose process no longer exists.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        failed = fail_dead_runs(context.instance)
        return dg.SkipReason(f"{len(failed)} dead runs" if failed else "no dead run")

    return sensor


def evaluation_schedule(declared: Declared) -> dg.ScheduleDefinition:
    """Evaluates the newest policy of every arm on every benchmark, once."""
    benchmarks = declared.experiment.evaluation.benchmarks
    scores = [declared.key(f"benchmark_scores.{benchmark.name}") for benchmark in benchmarks]
    job = dg.define_asset_job(
        f"{declared.name}_evaluate",
        selection=dg.AssetSelection.assets(*scores),
    )

    @dg.schedule(
        name=f"{declared.name}_evaluate_newest",
        job=job,
        cron_schedule=declared.experiment.evaluation.schedule,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Evaluates the newest policy of every arm; skips what is evaluated.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        newest: dict[str, int] = {}
        for key in context.instance.get_materialized_partitions(declared.key("policy")):
            arm, iteration = split_key(key)
            newest[arm] = max(newest.get(arm, 0), iteration)
        scored = [context.instance.get_materialized_partitions(key) for key in scores]
        requests = [
            dg.RunRequest(run_key=f"{arm}-{iteration}", partition_key=partition_key(arm, iteration))
            for arm, iteration in sorted(newest.items())
            if not all(partition_key(arm, iteration) in done for done in scored)
        ]
        if not newest:
            return dg.SkipReason("no arm has a policy yet: materialize policy 000 of one")
        return requests or dg.SkipReason("the newest policy of every arm is evaluated")

    return schedule
