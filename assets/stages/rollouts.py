"""The `rollouts` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.cells import numbers, table_of_rows
from assets.stages.config import RolloutsConfig
from assets.stages.imported import import_metadata
from assets.stages.stage_asset import iteration_asset, shown_by
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """G responses to each problem of the iteration."""
    yield iteration_asset(declared, declared.stage(RolloutsStage), made, RolloutsConfig)


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from rlsd_pipeline.tracking.metrics import rollout_metrics
    from schemas import Rollout

    table = artifact.table(Rollout)
    first = table.select(["rollout_id", "completion"])[:8]
    return {
        "rows": len(table),
        **numbers(rollout_metrics(table)),
        **import_metadata(artifact),
        "first_rows": table_of_rows(first.rename_columns(["rollout", "response"]).to_pylist()),
    }


made = shown_by(_page)
