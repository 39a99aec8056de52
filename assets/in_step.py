"""The check that names the stale arms in the asset graph; partitions show it by themselves."""

from collections.abc import Mapping

import dagster as dg

from assets.declared import Declared
from rlsd_pipeline.stages.iteration.policy import PolicyStage

NAME = "in_step"
_DESCRIPTION = "Every policy descends from the present draws, results and declaration."


def in_step_check(declared: Declared) -> dg.AssetChecksDefinition:
    """The check of all arms when a user runs it; a training reports its own arm."""

    @dg.asset_check(
        asset=declared.key(PolicyStage.name), name=NAME, description=_DESCRIPTION, blocking=False
    )
    def in_step() -> dg.AssetCheckResult:
        from rlsd_pipeline.stages.upkeep.earlier import earlier_notes, standing

        workspace = declared.workspace()
        found = {arm: standing(workspace, arm) for arm in declared.experiment.lineages()}
        told = {
            arm: note
            for arm, one in found.items()
            if one.changed
            for note in earlier_notes(workspace, {arm: one})
        }
        return dg.AssetCheckResult(
            passed=not told,
            severity=dg.AssetCheckSeverity.WARN,
            description=_summary(told),
            metadata=told,
        )

    return in_step


def arms_behind(declared: Declared, instance: dg.DagsterInstance) -> dict[str, str]:
    """Arm -> what the check says of it; empty where it passes, or was never evaluated."""
    key = dg.AssetCheckKey(declared.key(PolicyStage.name), NAME)
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    event = latest and latest.event and latest.event.dagster_event
    if not event or not isinstance(event.event_specific_data, dg.AssetCheckEvaluation):
        return {}
    return {arm: str(text.value) for arm, text in event.event_specific_data.metadata.items()}


def evaluation(declared: Declared, behind: Mapping[str, str]) -> dg.AssetCheckEvaluation:
    """The event that says which arms are behind."""
    return dg.AssetCheckEvaluation(
        asset_key=declared.key(PolicyStage.name),
        check_name=NAME,
        passed=not behind,
        severity=dg.AssetCheckSeverity.WARN,
        description=_summary(behind),
        metadata=behind,
        blocking=False,
    )


def _summary(behind: Mapping[str, str]) -> str:
    if not behind:
        return "every arm is up to date"
    return f"behind: {', '.join(behind)}"
