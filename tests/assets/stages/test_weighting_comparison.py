"""The comparison of methods as the UI shows it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.cli.loop import Loop, open_instance
from rlsd_pipeline.progress import Silent
from schemas import WeightingComparison


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Pictures are drawn here."""


def test_a_comparison_is_known_to_dagster(run: Callable[..., Any], file: Path) -> None:
    """The UI shows what the command line computed: table, pictures and reasons."""
    assert run("compare", file, "--arm", "rlsd-s0", "--iteration", "1").exit_code == 0
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        key = loop.declared.key("weighting_comparison")
        assert "rlsd-s0|001" in instance.get_materialized_partitions(key)
        event = instance.get_latest_materialization_event(key).asset_materialization
        artifact = loop.workspace.at("rlsd-s0", 1).read("weighting_comparison")
        found = artifact.record(WeightingComparison)
        assert event.tags["dagster/data_version"] == artifact.digest
        rows = event.metadata["methods"].records
        assert [row.data["method"] for row in rows] == [m.method for m in found.methods]
        assert event.metadata["tokens"].value == f"{found.tokens:,}"
        assert event.metadata["left out"].value == found.left_out
        for picture in ("credit", "segments", "rank_correlation", "rank_correlation_within"):
            drawn = event.metadata[picture.replace("_", " ")].value
            assert drawn.startswith(f"![{picture}](data:image/png;base64,")
