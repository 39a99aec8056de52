"""The `rewards` asset."""

from collections import Counter

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
        from schemas import Reward

        artifact = verify_rollouts(declared.at(context, recompute=config.recompute))
        table = artifact.table(Reward)
        present = [value for value in table["reward"].to_pylist() if value is not None]
        verdicts = Counter(table["verdict"].to_pylist())
        signal = sum(value != 0 for value in table["advantage"].to_pylist())
        return materialized(
            artifact,
            {
                "dagster/row_count": len(table),
                "reward": sum(present) / max(len(present), 1),
                "accuracy": verdicts["correct"] / len(table),
                "signal_share": signal / len(table),
                "verdicts": dict(verdicts),
            },
        )

    return rewards
