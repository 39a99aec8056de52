"""The `lookahead` asset: one update by every method from the same policy and rollouts."""

from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.stages.cells import difference, interval, number
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The scores after one update by every method."""
    stage = declared.stage(LookaheadStage)

    @dg.asset(**declared.asset(stage))
    @own_message_first()
    def lookahead(context: dg.AssetExecutionContext, config: StageConfig) -> dg.MaterializeResult:
        from schemas import Lookahead

        artifact = stage.make(declared.at(context, recompute=config.recompute))
        found = artifact.record(Lookahead)
        rows = [
            {
                "method": one.method,
                "accuracy": interval(one.score, ".3f"),
                "gain": difference(one.gain),
                f"minus {found.compared_with}": difference(other := one.difference),
                "p (Holm)": number(other.p_corrected, ".2g") if other else "-",
                "test": other.test if other else "-",
            }
            for one in found.methods
        ]
        return materialized(
            artifact,
            {
                "methods": dg.MetadataValue.table([dg.TableRecord(row) for row in rows]),
                "benchmark": found.benchmark,
                "meaning": "gain: paired difference to the policy before the update, over "
                "questions; intervals are not corrected; p (Holm) is corrected for the number of "
                "methods",
            },
        )

    yield lookahead
