"""The sensor that continues started trainings; it is off until a user switches it on.

Dagster's automation conditions could do this, but they record at every change the partitions for
which each part of the condition held: 16 MB a record for 80 arms of 80 iterations. This sensor
reads the store, and reads nothing if nothing has changed.
"""

import json

import dagster as dg

from assets.automation import newest_policies
from assets.dagster_private import NOT_FINISHED_STATUSES, PARTITION_NAME_TAG, SENSOR_NAME_TAG
from assets.declared import Declared
from assets.kept_instance import instance_of
from assets.run_queue import TRAINS_TAG, lane
from assets.training.job import train_job_name

_SECONDS = 4
"""Between two looks at least: one at each turn of the daemon, whose turns are 5 s apart. A look
costs a tick of a kilobyte and some milliseconds of the daemon."""
_BEGINNINGS = ("problems", "policy")
"""What has to be there before an arm can train; a new one of either may start something."""


def advance_sensor(declared: Declared, job: dg.JobDefinition) -> dg.SensorDefinition:
    """Asks once for the training of every arm that was begun and has updates to come.

    An arm stays where a training of its own left it: one that a person started, for fewer updates
    than are declared, or cancelled. An arm with an unfinished run waits.
    """

    @dg.sensor(
        name=f"{declared.name}_advance",
        job=job,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Trains every arm whose policy 000 was materialized, to the declared "
        f"{declared.experiment.iterations} updates, once it is switched on. It does not touch arms "
        f"that were trained by {train_job_name(declared)} or `rlsd train`.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        instance = instance_of(context)
        state = _state(declared, instance)
        if state == context.cursor:
            return dg.SkipReason("no new policy")
        due, busy = _due(declared, instance)
        # An arm that is busy is looked at again, though nothing new may be there by then.
        cursor = context.cursor if busy else state
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=f"{arm}-{updates}", partition_key=arm) for arm, updates in due
            ],
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
) -> tuple[list[tuple[str, int]], list[str]]:
    """Arm and updates so far of what is to be trained; and the arms that have to wait."""
    if instance.get_latest_materialization_event(declared.key("problems")) is None:
        return [], []
    known, last = declared.experiment.lineages(), declared.experiment.iterations
    unfinished = {
        arm: updates
        for arm, updates in sorted(newest_policies(declared, instance).items())
        if arm in known and updates < last
    }
    busy = _busy(declared, instance) if unfinished else set()
    due = [
        (arm, updates)
        for arm, updates in unfinished.items()
        if arm not in busy and not _left(declared, instance, arm)
    ]
    return due, sorted(unfinished.keys() & busy)


def _busy(declared: Declared, instance: dg.DagsterInstance) -> set[str]:
    """Arms that a queued or running run trains."""
    runs = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    lanes = [run.tags.get(TRAINS_TAG) or lane(run) for run in runs]
    experiments = [each.split("/", 1) for each in lanes if each]
    return {arm for name, arm in experiments if name == declared.name}


def _left(declared: Declared, instance: dg.DagsterInstance, arm: str) -> bool:
    """Whether a user trained the arm, or cancelled its training; the sensor skips such arms."""
    runs = instance.get_runs(
        dg.RunsFilter(job_name=train_job_name(declared), tags={PARTITION_NAME_TAG: arm}), limit=1
    )
    return any(
        SENSOR_NAME_TAG not in run.tags or run.status is dg.DagsterRunStatus.CANCELED
        for run in runs
    )


def _reason(busy: list[str]) -> str:
    if busy:
        return f"waiting for the runs of {', '.join(busy)}"
    return "every arm that was begun has ended, or stays where someone left it"
