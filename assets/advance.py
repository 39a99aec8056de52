"""The loop that advances itself: as soon as an arm's policy is there, its iteration is asked for.

Dagster's automation conditions would do it, and write down at every change which partitions each
part of the condition held for: 16 MB a record for 80 arms of 80 iterations. This sensor reads what
is there, and reads nothing where nothing has changed.
"""

import json

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from assets.automation import newest_policies
from assets.declared import Declared
from assets.partitions import ARM, partition_key
from rlsd_pipeline.stages.registry import ITERATION_STAGES, iteration_of
from rlsd_pipeline.stages.stage import Stage

_ARM_TAG = f"dagster/partition/{ARM}"
_SECONDS = 10
"""Between two looks; each costs a tick of a kilobyte and some milliseconds of the daemon."""
_BEGINNINGS = ("problems", "policy")
"""What has to be there before an iteration can begin; a new one of either may start something."""


def iteration_job(declared: Declared) -> UnresolvedAssetJobDefinition:
    """All stages of one iteration of one arm."""
    stages = {stage.name for each in _iterations(declared).values() for stage in each}
    return dg.define_asset_job(
        f"{declared.name}_iteration",
        selection=dg.AssetSelection.assets(*map(declared.key, sorted(stages))),
        description="One iteration of one arm: rollouts, rewards, log-probabilities, token "
        "weights, update. It publishes the next policy. Where an arm's method reads token values, "
        "the job measures them: leave them out for the other arms.",
    )


def advance_sensor(declared: Declared, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Asks once for the iteration of every arm's newest policy.

    An arm with an unfinished run waits. A run that a user cancels is not started again.
    """

    @dg.sensor(
        name=f"{declared.name}_advance",
        job=job,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Trains every arm whose policy 000 was materialized, iteration by iteration.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        state = _state(declared, context.instance)
        if state == context.cursor:
            return dg.SkipReason("no new policy")
        due, busy = _due(declared, context.instance)
        # An arm that is busy is looked at again, though nothing new may be there by then.
        cursor = context.cursor if busy else state
        return dg.SensorResult(
            run_requests=[_request(declared, *place) for place in due],
            skip_reason=None if due else dg.SkipReason(_reason(busy)),
            cursor=cursor,
        )

    return sensor


def _state(declared: Declared, instance: dg.DagsterInstance) -> str:
    """The newest events that may start something, and the places that are declared."""
    records = instance.get_asset_records([declared.key(stage) for stage in _BEGINNINGS])
    newest = {
        record.asset_entry.asset_key.path[-1]: record.asset_entry.last_materialization_storage_id
        for record in records
    }
    arms = sorted(declared.experiment.lineages())
    return json.dumps([newest, declared.experiment.iterations, arms], sort_keys=True)


def _due(
    declared: Declared, instance: dg.DagsterInstance
) -> tuple[list[tuple[str, int, list[str]]], list[str]]:
    """Arm, iteration and missing stages of what can begin; and the arms that have to wait."""
    if instance.get_latest_materialization_event(declared.key("problems")) is None:
        return [], []
    known = _iterations(declared)
    newest = {arm: k for arm, k in newest_policies(declared, instance).items() if arm in known}
    there = {
        stage: instance.get_materialized_partitions(declared.key(stage))
        for stage in {stage.name for arm in newest for stage in known[arm]}
    }
    open_places = []
    for arm, iteration in sorted(newest.items()):
        key = partition_key(arm, iteration)
        missing = [stage.name for stage in known[arm] if key not in there[stage.name]]
        if iteration < declared.experiment.iterations and missing:
            open_places.append((arm, iteration, missing))
    busy = _busy(declared, instance) if open_places else set()
    due = [place for place in open_places if place[0] not in busy]
    return due, sorted(arm for arm, *_ in open_places if arm in busy)


def _iterations(declared: Declared) -> dict[str, tuple[type[Stage], ...]]:
    """The stages of an iteration of each arm."""
    return {name: iteration_of(arm) for name, arm in declared.experiment.lineages().items()}


def _busy(declared: Declared, instance: dg.DagsterInstance) -> set[str]:
    """Arms of which a stage of an iteration is queued or running."""
    stages = {declared.key(stage) for stage in (*ITERATION_STAGES, "policy")}
    return {
        run.tags[_ARM_TAG]
        for run in instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
        if _ARM_TAG in run.tags and stages & set(run.asset_selection or ())
    }


def _request(declared: Declared, arm: str, iteration: int, missing: list[str]) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{arm}-{iteration}",
        partition_key=partition_key(arm, iteration),
        asset_selection=[declared.key(stage) for stage in missing],
    )


def _reason(busy: list[str]) -> str:
    if busy:
        return f"waiting for the runs of {', '.join(busy)}"
    return "every arm that was started has ended; materialize policy 000 of another to start it"
