"""The evaluation schedule, the sensor of checkpoints, and recovery from killed processes."""

import json
from collections.abc import Collection, Iterable, Mapping

import dagster as dg

from assets.behind import MARK
from assets.dagster_private import (
    DATA_VERSION_TAG,
    NOT_FINISHED_STATUSES,
    PARTITION_NAME_TAG,
    UnresolvedAssetJobDefinition,
    get_input_data_version_tag,
)
from assets.declared import Declared
from assets.kept_instance import instance_of
from assets.partitions import partition_key, split_key
from assets.recovery import fail_dead_runs, fail_unclaimed_runs
from rlsd_pipeline.stages.iteration.policy import PolicyStage


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
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        instance = instance_of(context)
        state = _state(declared, instance)
        if state == context.cursor:
            return dg.SkipReason("no new policy, and no new score")
        due = [
            (arm, iteration)
            for arm, iteration in _policies(declared, instance)
            if iteration % every == 0 or iteration == last
        ]
        requests = _requests(declared, instance, due)
        reason = f"{len(due)} checkpoints are due, all are evaluated or being evaluated"
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(reason),
            cursor=state,
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


def _state(declared: Declared, instance: dg.DagsterInstance) -> str:
    """The newest events of policies and scores, and the policies that are declared."""
    records = instance.get_asset_records([declared.key(PolicyStage.name), *_scores(declared)])
    newest = {
        record.asset_entry.asset_key.to_user_string(): (
            record.asset_entry.last_materialization_storage_id
        )
        for record in records
    }
    experiment = declared.experiment
    found = [newest, experiment.iterations, experiment.evaluation.every]
    return json.dumps([*found, sorted(experiment.lineages())], sort_keys=True)


def _requests(
    declared: Declared, instance: dg.DagsterInstance, policies: Iterable[tuple[str, int]]
) -> list[dg.RunRequest]:
    """One run a policy that lacks a score, or was trained anew since, and is not being scored."""
    done = [set(instance.get_materialized_partitions(key)) for key in _scores(declared)]
    running = instance.get_runs(
        dg.RunsFilter(job_name=f"{declared.name}_evaluate", statuses=NOT_FINISHED_STATUSES)
    )
    busy = {run.tags.get(PARTITION_NAME_TAG) for run in running}
    keys = {partition_key(*policy): policy for policy in sorted(policies)}
    scored = {key for key in keys if all(key in found for found in done)}
    anew = _trained_anew(declared, instance, scored)
    return [
        # A run key counts once, and the policy that is there now was not asked for yet.
        dg.RunRequest(
            run_key=f"{arm}-{iteration}" + (f"-{anew[key]}" if key in anew else ""),
            partition_key=key,
        )
        for key, (arm, iteration) in keys.items()
        if key not in busy and (key not in scored or key in anew)
    ]


def _trained_anew(
    declared: Declared, instance: dg.DagsterInstance, scored: Collection[str]
) -> dict[str, int]:
    """Partition -> event of its policy, where a score is of a former policy.

    A policy that is behind is not evaluated: another one will take its place.
    """
    policy = declared.key(PolicyStage.name)
    newest = _latest(instance, policy, scored)
    found: dict[str, int] = {}
    for score in _scores(declared):
        before = _latest(instance, score, scored)
        # What was published anew need not be another policy.
        for key in (key for key in newest if newest[key] > before.get(key, 0)):
            now = _tags(instance, policy, key).get(DATA_VERSION_TAG)
            then = _tags(instance, score, key).get(get_input_data_version_tag(policy))
            if now != then and not (now or "").startswith(MARK):
                found[key] = newest[key]
    return found


def _latest(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Collection[str]
) -> Mapping[str, int]:
    """Partition -> its newest materialization."""
    if not partitions:
        return {}
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    return instance.get_latest_storage_id_by_partition(key, kind, set(partitions))


def _tags(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str) -> Mapping[str, str]:
    """The tags of a partition's newest materialization."""
    asked = dg.AssetRecordsFilter(key, asset_partitions=[partition])
    records = instance.fetch_materializations(asked, limit=1).records
    event = records[0].asset_materialization if records else None
    return (event and event.tags) or {}
