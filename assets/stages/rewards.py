"""The `rewards` asset."""

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.config import StageConfig


def rewards_asset(declared: Declared) -> dg.AssetsDefinition:
    """Verdict, reward and advantage of each rollout."""

    @dg.asset(
        **declared.iteration_asset("rewards", "Verdict, reward and group-relative advantage.")
    )
    def rewards(context: dg.AssetExecutionContext, config: StageConfig) -> dg.MaterializeResult:
        from rlsd_pipeline.stages.rewards import verify_rollouts
        from rlsd_pipeline.tracking.metrics import reward_metrics
        from schemas import Reward

        artifact = verify_rollouts(declared.at(context, recompute=config.recompute))
        table = artifact.table(Reward)
        return materialized(artifact, {"dagster/row_count": len(table), **reward_metrics(table)})

    return rewards
