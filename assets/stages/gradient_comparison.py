"""The `gradient_comparison` asset: the gradients of all methods, compared."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.stages.cells import interval, number
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.comparison.gradient_comparison import GradientComparisonStage

if TYPE_CHECKING:
    from schemas import GradientComparison


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Norms, cosines, bias and noise of the gradients of one iteration."""
    stage = declared.stage(GradientComparisonStage)

    @dg.asset(**declared.asset(stage))
    @own_message_first()
    def gradient_comparison(
        context: dg.AssetExecutionContext, config: StageConfig
    ) -> dg.MaterializeResult:
        from assets.pictures import cosine_picture
        from rlsd_pipeline.report.collected.comparison import signal_meaning
        from schemas import GradientComparison

        run = declared.at(context, recompute=config.recompute)
        artifact = stage.make(run)
        found = artifact.record(GradientComparison)
        meaning = {} if found.signal is None else {"meaning": signal_meaning(run, found.signal)}
        shown = {"methods": _methods(found), **cosine_picture(found)}
        return materialized(artifact, shown | meaning)

    yield gradient_comparison


def _methods(found: "GradientComparison") -> dg.TableMetadataValue:
    """The norm of each gradient, and how much of it is signal."""
    norms = dict(zip(found.methods, found.norms, strict=True))
    signals = {} if found.signal is None else {one.method: one for one in found.signal.methods}
    rows = []
    for method in dict.fromkeys([*norms, *signals]):
        one = signals.get(method)
        rows.append(
            {
                "method": method,
                "cosine with true": interval(one.cosine) if one else "-",
                "signal share": interval(one.share) if one else "-",
                "norm": number(norms.get(method)),
                "prompts for a half": number(one.prompts_needed, ",.0f") if one else "-",
                "rollouts": number(one.rollouts_needed, ",.0f") if one else "-",
            }
        )
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows])
