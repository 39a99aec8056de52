"""The `rewards` asset."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, not_finite, result
from assets.stages.config import StageConfig


def rewards_asset(declared: Declared) -> dg.AssetsDefinition:
    """Verdict, reward and advantage of each rollout."""
    key = declared.key("rewards")

    @dg.asset(
        **declared.iteration_asset("rewards", "Verdict, reward and group-relative advantage."),
        check_specs=blocking(key, finite="Every advantage is a finite number."),
    )
    def rewards(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from rlsd_pipeline.stages.rewards import verify_rollouts
        from schemas import Reward

        artifact = verify_rollouts(declared.at(context, recompute=config.recompute))
        table = artifact.table(Reward)
        present = [value for value in table["reward"].to_pylist() if value is not None]
        verdicts = Counter(table["verdict"].to_pylist())
        signal = sum(value != 0 for value in table["advantage"].to_pylist())
        yield materialized(
            artifact,
            {
                "dagster/row_count": len(table),
                "reward": sum(present) / max(len(present), 1),
                "accuracy": verdicts["correct"] / len(table),
                "signal_share": signal / len(table),
                "verdicts": dict(verdicts),
            },
        )
        yield result(key, "finite", not_finite(table, "advantage"), "advantages are not finite")

    return rewards
