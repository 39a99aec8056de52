"""The `weighting_comparison` asset: all methods on the rollouts of one iteration."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.comparison.weighting_comparison import WeightingComparisonStage

if TYPE_CHECKING:
    from schemas import MethodCredit


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """What every method would have made of the same tokens."""
    stage = declared.stage(WeightingComparisonStage)

    @dg.asset(**declared.asset(stage))
    def weighting_comparison(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        from assets.pictures import comparison_pictures
        from schemas import WeightingComparison

        run = declared.at(context, recompute=config.recompute)
        artifact = stage.make(run)
        comparison = artifact.record(WeightingComparison)
        return materialized(
            artifact,
            {
                "methods": dg.MetadataValue.table([_row(m) for m in comparison.methods]),
                "tokens": comparison.tokens,
                "signal_tokens": comparison.signal_tokens,
                "left_out": comparison.left_out,
                **comparison_pictures(run),
            },
        )

    yield weighting_comparison


def _row(method: "MethodCredit") -> dg.TableRecord:
    segments = {name: round(share.value, 4) for name, share in method.segments.items()}
    agreement = method.sign_agreement
    return dg.TableRecord(
        {
            "method": method.method,
            **{name: round(value, 4) for name, value in method.quantiles.items()},
            **{name: segments.get(name, 0.0) for name in ("reasoning", "answer", "format")},
            "sign_agreement": "-" if agreement is None else f"{agreement.value:.4f}",
            "cut": "-" if method.cut is None else f"{method.cut:.4f}",
        }
    )
