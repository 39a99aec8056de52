"""The questions of a public benchmark as the UI shows them."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from assets.cli.loop import Loop, open_instance
from assets.graph import stage_assets
from rlsd_pipeline.progress import Silent
from tests.assets.materialized import latest
from tests.benchmark_fixtures import LAYOUTS, write_parquet


@pytest.mark.usefixtures("datasets_cache")
def test_questions_of_a_local_copy_are_counted(
    declare: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_parquet("mathvision", tmp_path / "rows")
    benchmarks = [{"type": "mathvision", "path": str(folder)}]
    file = declare(evaluation={"every": 2, "benchmarks": benchmarks})
    with open_instance() as instance:
        declared = Loop(file, instance, Silent()).declared
        key = dg.AssetKey(["small", "benchmark_items", "mathvision"])
        dg.materialize(stage_assets(declared), selection=[key], instance=instance)
        metadata = latest(instance, key).metadata
    rows = LAYOUTS["mathvision"]().parts[0].rows
    assert metadata["rows"].value == str(len(rows))
    assert metadata["multiple choice"].value == str(sum(bool(row["options"]) for row in rows))
    assert metadata["images"].value == {"1 a question": len(rows)}
