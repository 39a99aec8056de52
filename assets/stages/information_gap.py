"""The `information_gap` asset: the effect of the reference on the teacher."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.declared import Declared
from assets.stages.cells import shown
from assets.stages.stage_asset import shown_by, stage_asset
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.statistics.intervals import FEW_PROBLEMS
from rlsd_pipeline.tables.table import table_of_cells

if TYPE_CHECKING:
    from rlsd_pipeline.artifacts import Artifact
    from rlsd_pipeline.stages.workspace import StageRun

_MEANING = {
    "information_per_response": "I of a response, which no student can remove, nats",
    "information_per_token": "I of a token, nats",
    "reducible_per_token": "L* of a token, which can be learnt, nats",
    "irreducible_share": "I / (L* + I)",
    "deviation_ratio": "ρ of Proposition 1, at the logits",
    "content_share": "share of the teacher's shift that the reference's content causes",
    "shift_total": "total variation between the teacher with and without its reference",
    "shift_content": "total variation between its reference and another problem's",
    "shift_presence": "total variation between another problem's reference and none",
}


def build(declared: Declared) -> Iterator[dg.AssetsDefinition]:
    """Mutual information, deviation ratio and corruption probe of one iteration."""
    yield stage_asset(declared, declared.stage(InformationGapStage), shown_by(_page))


def _page(run: "StageRun", artifact: "Artifact") -> dict[str, Any]:
    from schemas import InformationGap

    found = artifact.record(InformationGap)
    rows = [(name, getattr(found, name), meaning) for name, meaning in _MEANING.items()]
    heads = ("quantity", "value", "meaning")
    return {
        **shown(table_of_cells("quantities", heads, rows, form=".3g")),
        "measured on": f"{found.rollouts} responses to {found.problems} problems, with "
        f"{found.references_per_problem:.3g} references each; intervals are over problems; "
        f"{FEW_PROBLEMS}",
    }
