"""The information gap as the UI shows it."""

from pathlib import Path

from assets.cli.loop import Loop, open_instance
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.comparison.information_gap import InformationGapStage
from rlsd_pipeline.tables.table import text
from schemas import InformationGap
from tests.assets.materialized import latest


def test_each_quantity_has_a_value_and_a_meaning(file: Path) -> None:
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        loop.measure(InformationGapStage, "rlsd-s0", 1)
        event = latest(instance, loop.declared.key("information_gap"), "rlsd-s0|001")
        found = loop.workspace.at("rlsd-s0", 1).read("information_gap").record(InformationGap)
    rows = {row.data["quantity"]: row.data for row in event.metadata["quantities"].value.records}
    assert len(rows) == 9
    assert rows["irreducible_share"]["meaning"] == "I / (L* + I)"
    assert rows["irreducible_share"]["value"] == text(found.irreducible_share, ".3g")
    # Four responses to each of four problems.
    assert str(event.metadata["measured on"].value).startswith("16 responses to 4 problems, with ")
