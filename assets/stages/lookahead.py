"""The `lookahead` asset: one update by every method from the same policy and rollouts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.cells import shown
from assets.stages.stage_asset import shown_by, stage_asset
from rlsd_pipeline.stages.comparison.lookahead_table import LookaheadStage

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """The scores after one update by every method."""
    yield stage_asset(declared, declared.stage(LookaheadStage), shown_by(_page))


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from rlsd_pipeline.tables.credit import lookahead_columns
    from rlsd_pipeline.tables.table import Table
    from schemas import Lookahead

    found = artifact.record(Lookahead)
    columns = lookahead_columns(f"minus {found.compared_with}")
    return {
        **shown(Table("methods", columns, found.methods)),
        "benchmark": found.benchmark,
        "meaning": "gain: paired difference to the policy before the update, over questions; "
        "intervals are not corrected; p (Holm) is corrected for the number of methods",
    }
