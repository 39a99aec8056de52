"""The `rollouts` asset."""

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.config import RolloutsConfig


def rollouts_asset(declared: Declared) -> dg.AssetsDefinition:
    """G responses to each problem of the iteration."""

    @dg.asset(
        **declared.iteration_asset("rollouts", "G responses a problem, with their log-probs.")
    )
    def rollouts(context: dg.AssetExecutionContext, config: RolloutsConfig) -> dg.MaterializeResult:
        from rlsd_pipeline.stages.iteration.rollouts import sample_rollouts
        from rlsd_pipeline.tracking.metrics import rollout_metrics
        from schemas import Rollout

        run = declared.at(context, recompute=config.recompute, draw=config.draw)
        artifact = sample_rollouts(run)
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

    return rollouts
