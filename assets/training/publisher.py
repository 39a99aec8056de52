"""Writes the stages of one run into its log as if each had been materialized alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import dagster as dg

from assets.dagster_private import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    AssetCheckEvaluationTargetMaterializationData,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
    get_tags_from_multi_partition_key,
)
from assets.declared import Declared
from assets.partitions import partition_key
from rlsd_pipeline.stages.registry import stage_of
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun

Context = dg.OpExecutionContext | dg.AssetExecutionContext
Told = dg.MaterializeResult | dg.AssetCheckResult | dg.AssetMaterialization


class Known(NamedTuple):
    """The newest event of an asset's partition.

    Attributes:
        storage_id: Storage id of the event.
        run_id: Run id of the run that logged it.
        timestamp: When.
        data_version: Data version of the materialized artifact.
    """

    storage_id: int
    run_id: str
    timestamp: float
    data_version: str


class Publisher:
    """Makes stages, one after the other, and logs their materializations and checks.

    Dagster decides from the tags of a materialization whether the partition is stale: which code
    made it, and from which event of each input. It writes them for an asset that a run
    materializes at one partition; here they are written for every partition that the run makes.
    """

    def __init__(self, context: Context, declared: Declared) -> None:
        self._context = context
        self._declared = declared
        self._newest: dict[tuple[dg.AssetKey, str | None], Known | None] = {}

    def make(self, stage: Stage, run: "StageRun") -> None:
        """Make a stage's artifact and log what came of it.

        Raises:
            dagster.Failure: A check failed: nothing may follow.
        """
        from assets.stages.shown import made

        failed: list[dg.AssetCheckResult] = []
        for told in made(self._declared, stage, run, self._context.log):
            match told:
                case dg.MaterializeResult():
                    self._log_materialization(stage, run, told)
                case dg.AssetCheckResult():
                    self._log_check(stage, run, told)
                    failed += [] if told.passed else [told]
                case dg.AssetMaterialization():
                    self._context.log_event(told)
                    self._newest.pop((told.asset_key, told.partition), None)
        _require_passed(failed)

    def knows(self, stage: Stage, run: "StageRun") -> bool:
        """Whether Dagster knows the stored artifact, and it fits the present declaration."""
        if not stage.is_current(run):
            return False
        artifact = run.workspace.store.intact_ref(run.reference(stage.full_name))
        known = self._known(*self._place(stage.full_name, run))
        return artifact is not None and known is not None and artifact.digest == known.data_version

    def _log_materialization(
        self, stage: Stage, run: "StageRun", result: dg.MaterializeResult
    ) -> None:
        key, partition = self._place(stage.full_name, run)
        assert result.data_version is not None
        tags = {
            DATA_VERSION_TAG: result.data_version.value,
            DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
            CODE_VERSION_TAG: self._declared.version(stage.full_name),
            **(get_tags_from_multi_partition_key(partition) if partition else {}),
        }
        for name in stage.upstream(run.experiment):
            upstream = self._declared.key(name)
            # What has no partitions is made of the newest of all.
            place = self._place(name, run) if partition else (upstream, None)
            known = self._known(*place) if stage.needs(name, run.arm) else None
            version, pointer = (
                (known.data_version, str(known.storage_id))
                if known
                else (DEFAULT_DATA_VERSION.value, NULL_EVENT_POINTER)
            )
            tags[get_input_data_version_tag(upstream)] = version
            tags[get_input_event_pointer_tag(upstream)] = pointer
        event = dg.AssetMaterialization(
            key, partition=partition, metadata=result.metadata, tags=tags
        )
        self._context.log_event(event)
        self._newest.pop((key, partition), None)

    def _log_check(self, stage: Stage, run: "StageRun", result: dg.AssetCheckResult) -> None:
        key, partition = self._place(stage.full_name, run)
        known = self._known(key, partition)
        evaluation = dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=result.check_name or "",
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            description=result.description,
            blocking=True,
            target_materialization_data=None
            if known is None
            else AssetCheckEvaluationTargetMaterializationData(
                storage_id=known.storage_id, run_id=known.run_id, timestamp=known.timestamp
            ),
            partition=partition,
        )
        # Dagster takes it, though its annotation names other events alone.
        self._context.log_event(evaluation)  # type: ignore[arg-type]

    def _known(self, key: dg.AssetKey, partition: str | None) -> Known | None:
        place = key, partition
        if place not in self._newest:
            record = self._context.instance.get_latest_data_version_record(
                key, is_source=False, partition_key=partition
            )
            self._newest[place] = record and _of_record(record)
        return self._newest[place]

    def _place(self, name: str, run: "StageRun") -> tuple[dg.AssetKey, dg.MultiPartitionKey | None]:
        known = stage_of(name)
        whole = known is None or known.scope == "experiment"
        partition = None if whole else partition_key(run.arm.name, run.iteration)
        return self._declared.key(name), partition


def _of_record(record: dg.EventLogRecord) -> Known:
    version = extract_data_version_from_entry(record.event_log_entry) or DEFAULT_DATA_VERSION
    return Known(record.storage_id, record.run_id, record.timestamp, version.value)


def _require_passed(failed: Sequence[dg.AssetCheckResult]) -> None:
    """Stop where a check failed.

    Raises:
        dagster.Failure: Names the checks and what they found.
    """
    if failed:
        found = "; ".join(
            f"{result.asset_key.to_user_string()}: {result.check_name}: {result.description}"
            for result in failed
            if result.asset_key is not None
        )
        raise dg.Failure(f"a check failed and stopped what follows: {found}", allow_retries=False)
