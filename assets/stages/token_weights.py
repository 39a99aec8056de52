"""The `token_weights` asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.checks import blocking, not_finite, result
from assets.stages.config import StageConfig

if TYPE_CHECKING:
    import pyarrow as pa

    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.run import StageRun


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
        from rlsd_pipeline.stages.iteration.token_weights import weigh_tokens
        from schemas import TokenWeights

        run = declared.at(context, recompute=config.recompute)
        artifact = weigh_tokens(run)
        table = artifact.table(TokenWeights)
        yield materialized(
            artifact,
            {
                "dagster/row_count": len(table),
                "weighting": artifact.manifest.config["weighting"],
                "tokens_against_their_reward": _flipped(run, table),
            },
        )
        yield from token_weights_checks(key, run, artifact)

    return token_weights


def token_weights_checks(
    key: dg.AssetKey, run: "StageRun", artifact: "Artifact"
) -> Iterator[dg.AssetCheckResult]:
    """The checks of the stage on an artifact of it."""
    from schemas import TokenWeights

    table = artifact.table(TokenWeights)
    found = not_finite(table, "token_advantages", "distillation_weights", "nll_weights")
    yield result(key, "finite", found, "weights are not finite")
    broken = _flipped(run, table) if run.arm.weighting.keeps_sign else 0
    yield result(key, "sign_never_flips", broken, "tokens pull against their reward")


def _flipped(run: "StageRun", table: "pa.Table") -> int:
    """Tokens whose credit has another sign than their response's advantage."""
    from rlsd_pipeline.credit.signs import flipped_signs
    from schemas import Reward

    advantages = run.read("rewards").table(Reward, ["advantage"])["advantage"]
    return flipped_signs(table["token_advantages"], advantages)
