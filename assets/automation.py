"""The evaluation schedule, the sensor of checkpoints, and recovery from killed processes."""

from collections.abc import Iterable

import dagster as dg

from assets.dagster_private import (
    NOT_FINISHED_STATUSES,
    PARTITION_NAME_TAG,
    UnresolvedAssetJobDefinition,
)
from assets.declared import Declared
from assets.kept_instance import instance_of
from assets.partitions import partition_key, split_key
from assets.recovery import fail_dead_runs, fail_unclaimed_runs


def dead_run_sensor() -> dg.SensorDefinition:
    """Ends runs whose process is gone, so that they do not hold their arm's place for ever."""

    @dg.sensor(
        name="fail_dead_runs",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs as failed if their process on this machine no longer exists, or if "
        "they were killed before they recorded one.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        instance = instance_of(context)
        failed = fail_dead_runs(instance)
        if (origin := context.code_location_origin) is not None:
            failed += fail_unclaimed_runs(instance, origin.location_name)
        return dg.SkipReason(f"{len(failed)} dead runs" if failed else "no dead run")

    return sensor


def evaluation_schedule(
    declared: Declared, job: UnresolvedAssetJobDefinition
) -> dg.ScheduleDefinition:
    """Evaluates the newest policy of every arm on every benchmark, once."""

    @dg.schedule(
        name=f"{declared.name}_evaluate_newest",
        job=job,
        cron_schedule=declared.experiment.evaluation.schedule,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Evaluates the newest policy of every arm once it is switched on; skips "
        "policies that are evaluated already.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        newest = newest_policies(declared, context.instance)
        if not newest:
            return dg.SkipReason("no arm has a policy yet: materialize policy 000 of one")
        requests = _requests(declared, context.instance, newest.items())
        return requests or dg.SkipReason(
            "the newest policy of every arm is evaluated, or being evaluated"
        )

    return schedule


def checkpoint_sensor(declared: Declared, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Evaluates every n-th policy of every arm once it exists; off until switched on."""
    every, last = declared.experiment.evaluation.every, declared.experiment.iterations

    @dg.sensor(
        name=f"{declared.name}_evaluate_checkpoints",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Evaluates the policies after every {every} updates, and the last one.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        instance = instance_of(context)
        due = [
            (arm, iteration)
            for arm, iteration in _policies(declared, instance)
            if iteration % every == 0 or iteration == last
        ]
        requests = _requests(declared, instance, due)
        return requests or dg.SkipReason(
            f"{len(due)} checkpoints are due, all are evaluated or being evaluated"
        )

    return sensor


def _scores(declared: Declared) -> list[dg.AssetKey]:
    benchmarks = declared.experiment.evaluation.benchmarks
    return [declared.key(f"benchmark_scores.{benchmark.name}") for benchmark in benchmarks]


def _policies(declared: Declared, instance: dg.DagsterInstance) -> list[tuple[str, int]]:
    """Arm and number of updates of every existing policy."""
    found = instance.get_materialized_partitions(declared.key("policy"))
    return sorted(split_key(key) for key in found)


def newest_policies(declared: Declared, instance: dg.DagsterInstance) -> dict[str, int]:
    """Arm -> number of updates of its newest policy."""
    newest: dict[str, int] = {}
    # Eighty arms of a thousand iterations take long to sort.
    for key in instance.get_materialized_partitions(declared.key("policy")):
        arm, updates = split_key(key)
        newest[arm] = max(updates, newest.get(arm, 0))
    return newest


def _requests(
    declared: Declared, instance: dg.DagsterInstance, policies: Iterable[tuple[str, int]]
) -> list[dg.RunRequest]:
    """One run a policy that lacks a score and is not being scored."""
    done = [set(instance.get_materialized_partitions(key)) for key in _scores(declared)]
    running = instance.get_runs(
        dg.RunsFilter(job_name=f"{declared.name}_evaluate", statuses=NOT_FINISHED_STATUSES)
    )
    busy = {run.tags.get(PARTITION_NAME_TAG) for run in running}
    keys = [(partition_key(*policy), policy) for policy in sorted(policies)]
    return [
        dg.RunRequest(run_key=f"{arm}-{iteration}", partition_key=key)
        for key, (arm, iteration) in keys
        if key not in busy and not all(key in scored for scored in done)
    ]
