"""The `token_weights` asset."""

from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, not_finite, result
from assets.stages.config import StageConfig


def token_weights_asset(declared: Declared) -> dg.AssetsDefinition:
    """The per-token streams of the arm's method."""
    key = declared.key("token_weights")

    @dg.asset(
        **declared.iteration_asset("token_weights", "Per-token credit by the arm's weighting."),
        check_specs=blocking(
            key,
            finite="Every weight is a finite number.",
            sign_never_flips="No token's credit has another sign than its response's advantage, "
            "where the method promises it.",
        ),
    )
    def token_weights(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        from rlsd_pipeline.credit.signs import flipped_signs
        from rlsd_pipeline.stages.token_weights import weigh_tokens
        from schemas import Reward, TokenWeights

        run = declared.at(context, recompute=config.recompute)
        artifact = weigh_tokens(run)
        table = artifact.table(TokenWeights)
        advantages = run.read("rewards").table(Reward, ["advantage"])["advantage"]
        flipped = flipped_signs(table["token_advantages"], advantages)
        yield materialized(
            artifact,
            {
                "dagster/row_count": len(table),
                "weighting": artifact.manifest.config["weighting"],
                "tokens_against_their_reward": flipped,
            },
        )
        found = not_finite(table, "token_advantages", "distillation_weights", "nll_weights")
        yield result(key, "finite", found, "weights are not finite")
        broken = flipped if run.arm.weighting.keeps_sign else 0
        yield result(key, "sign_never_flips", broken, "tokens pull against their reward")

    return token_weights
