"""The `rollouts` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.cells import numbers
from assets.stages.config import RolloutsConfig
from assets.stages.imported import import_metadata
from assets.stages.iteration_asset import iteration_asset
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage
from rlsd_pipeline.stages.stage import Stage

if TYPE_CHECKING:
    from rlsd_pipeline.stages.workspace import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """G responses to each problem of the iteration."""
    yield iteration_asset(declared, declared.stage(RolloutsStage), made, RolloutsConfig)


def made(
    declared: Declared, stage: Stage, run: "StageRun", log: dg.DagsterLogManager
) -> Iterator[dg.MaterializeResult]:
    """The materialization of the stage at one place."""
    from rlsd_pipeline.tracking.metrics import rollout_metrics
    from schemas import Rollout

    artifact = stage.make(run)
    table = artifact.table(Rollout)
    first = {name: table[name][:8].to_pylist() for name in ("rollout_id", "completion")}
    yield materialized(
        artifact,
        {
            "rows": len(table),
            **numbers(rollout_metrics(table)),
            **import_metadata(artifact),
            "first_rows": dg.MetadataValue.table(
                [
                    dg.TableRecord({"rollout": rollout, "response": text})
                    for rollout, text in zip(*first.values(), strict=True)
                ]
            ),
        },
    )
