"""The `rollouts` asset."""

from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.config import RolloutsConfig
from rlsd_pipeline.stages.iteration.rollouts import RolloutsStage


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """G responses to each problem of the iteration."""
    stage = declared.stage(RolloutsStage)

    @dg.asset(**declared.asset(stage))
    def rollouts(context: dg.AssetExecutionContext, config: RolloutsConfig) -> dg.MaterializeResult:
        from rlsd_pipeline.tracking.metrics import rollout_metrics
        from schemas import Rollout

        run = declared.at(context, recompute=config.recompute, draw=config.draw)
        artifact = stage.make(run)
        table = artifact.table(Rollout)
        return materialized(
            artifact,
            {
                "dagster/row_count": len(table),
                **rollout_metrics(table),
                "first_rows": dg.MetadataValue.table(
                    [
                        dg.TableRecord({"rollout": rollout, "response": text})
                        for rollout, text in zip(
                            table["rollout_id"][:8].to_pylist(),
                            table["completion"][:8].to_pylist(),
                            strict=True,
                        )
                    ]
                ),
            },
        )

    yield rollouts
