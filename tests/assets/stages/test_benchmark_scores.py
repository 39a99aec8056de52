"""What follows from a score that is materialized."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import StaleStatus
from dagster._utils.test.data_versions import get_stale_status_resolver

from assets.cli.loop import Loop, open_instance
from assets.graph import stage_assets
from assets.partitions import partition_key
from rlsd_pipeline.progress import Silent
from tests.assets.materialized import latest


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Pictures are drawn here."""


def test_an_evaluation_makes_the_results_anew(file: Path) -> None:
    """A job makes them as its last step; where a score is materialized alone, they follow it.

    Only a training of the command line makes them at its own pace.
    """
    with open_instance() as instance:
        loop = Loop(file, instance, Silent())
        key = loop.declared.key("results")

        def runs() -> list[str]:
            wanted = dg.AssetRecordsFilter(key)
            return [r.run_id for r in instance.fetch_materializations(wanted, limit=100).records]

        loop.results()
        before = runs()
        # Soon after the table was made, the command line does not make it again.
        loop.evaluate("rlsd-s0", 2)
        assert runs() == before
        loop.evaluate_on("greedy", "rlsd-s0", 2)
        assert runs()[1:] == before
        before = runs()
        event = latest(instance, key)
        artifact = loop.workspace.store.ref("small/results")
        assert artifact is not None
        assert (event.tags or {})["dagster/data_version"] == artifact.digest
        methods = {row.data["method"] for row in event.metadata["results"].value.records}
        assert methods == {"base", "grpo", "rlsd"}
        assert "data:image/png;base64," in event.metadata["training curves"].value

        assets = stage_assets(loop.declared)
        alone = dg.materialize(
            assets,
            selection=[loop.declared.key("benchmark_scores.greedy")],
            partition_key=partition_key("rlsd-s0", 2),
            instance=instance,
        )
        assert runs() == [alone.run_id, *before]
        resolver = get_stale_status_resolver(instance, assets)
        assert resolver.get_status(key) is StaleStatus.FRESH
