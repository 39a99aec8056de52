"""The `lookahead` asset: one update by every method from the same policy and rollouts."""

from collections.abc import Iterator

import dagster as dg

from assets.declared import Declared, materialized
from assets.failures import own_message_first
from assets.stages.cells import shown
from assets.stages.config import StageConfig
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The scores after one update by every method."""
    stage = declared.stage(LookaheadStage)

    @dg.asset(**declared.asset(stage))
    @own_message_first()
    def lookahead(context: dg.AssetExecutionContext, config: StageConfig) -> dg.MaterializeResult:
        from rlsd_pipeline.tables.credit import lookahead_columns
        from rlsd_pipeline.tables.table import Table
        from schemas import Lookahead

        artifact = stage.make(declared.at(context, recompute=config.recompute))
        found = artifact.record(Lookahead)
        columns = lookahead_columns(f"minus {found.compared_with}")
        return materialized(
            artifact,
            {
                "methods": shown(Table("methods", columns, found.methods)),
                "benchmark": found.benchmark,
                "meaning": "gain: paired difference to the policy before the update, over "
                "questions; intervals are not corrected; p (Holm) is corrected for the number of "
                "methods",
            },
        )

    yield lookahead
