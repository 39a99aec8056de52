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
        table = [row.data for row in event.metadata["table"].records]
        assert [row["method"] for row in table] == ["base", "grpo", "rlsd"]
        assert table[2]["minus grpo"] == "+0.000\u00a0[\u22120.396,\u00a0+0.396]"
        assert table[2]["p (Holm)"] == "1"
        for name in ("curve/greedy", "differences/greedy"):
            assert "data:image/png;base64," in event.metadata[name].value
