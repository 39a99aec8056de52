"""The table of all scores as the UI shows it."""

from pathlib import Path

import pytest

from assets.cli.loop import Loop, open_instance
from rlsd_pipeline.progress import Silent


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Pictures are drawn here."""


def test_results_are_a_table_with_pictures(file: Path) -> None:
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        loop.results()
        key = loop.declared.key("results")
        event = instance.get_latest_materialization_event(key).asset_materialization
        shown = [event.metadata[name].records for name in ("results", "results, part 2")]
        table, second = ([row.data for row in part] for part in shown)
        assert [row["method"] for row in table] == ["base", "grpo", "rlsd"]
        assert table[2]["minus grpo"] == "+0.000 [\u22120.396, +0.396]"
        assert (table[2] | second[2])["p (Holm)"] == "1"
        for name in ("curve/greedy", "differences/greedy"):
            assert "data:image/png;base64," in event.metadata[name].value
