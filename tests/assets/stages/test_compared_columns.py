"""The columns that compared methods lack, scored from Dagster."""

import dagster as dg
import pytest

from assets.cli.loop import Loop
from assets.graph import stage_assets
from assets.partitions import partition_key
from rlsd_pipeline.errors import ArtifactError

LACKING = {"rlsd", "entropy", "vppo"}
"""They read a teacher, an entropy and an altered image, and GRPO's arm scores none of these."""


def shown(instance: dg.DagsterInstance, key: dg.AssetKey) -> dg.AssetMaterialization:
    event = instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization


def test_a_user_of_dagster_scores_what_methods_lack(
    loop: tuple[Loop, dg.DagsterInstance],
) -> None:
    opened, instance = loop
    declared, place = opened.declared, partition_key("grpo-s0", 0)
    columns, comparison = map(declared.key, ("compared_columns", "weighting_comparison"))
    assets = stage_assets(declared)

    def materialize(key: dg.AssetKey) -> dg.AssetMaterialization:
        dg.materialize(assets, selection=[key], partition_key=place, instance=instance)
        return shown(instance, key)

    before = materialize(comparison)
    assert set(before.metadata["left out"].value) >= LACKING
    way = "materialize compared_columns first, or launch small_compare_with_columns"
    assert before.metadata["more methods"].value == way

    made = materialize(columns)
    artifact = opened.workspace.store.ref("small/grpo-s0/000/what_if/000/columns/logprobs")
    assert artifact is not None
    assert (made.tags or {})["dagster/data_version"] == artifact.digest
    names = made.metadata["columns"].value.split(", ")
    assert {"student_entropy", "correct_sibling_logprobs", "patched_image_logprobs"} <= set(names)

    after = materialize(comparison)
    methods = {row.data["method"] for row in after.metadata["methods"].value.records}
    assert methods >= LACKING
    assert "more methods" not in after.metadata


def test_one_job_scores_and_compares(loop: tuple[Loop, dg.DagsterInstance]) -> None:
    opened, instance = loop
    opened.compare_with_columns("grpo-s0", 1)
    events = [
        shown(instance, opened.declared.key(n))
        for n in ("compared_columns", "weighting_comparison")
    ]
    assert [event.partition for event in events] == ["grpo-s0|001"] * 2
    methods = {row.data["method"] for row in events[1].metadata["methods"].value.records}
    assert methods >= LACKING


def test_an_iteration_that_has_not_run_is_named(loop: tuple[Loop, dg.DagsterInstance]) -> None:
    opened, _ = loop
    with pytest.raises(ArtifactError, match="there is no artifact small/grpo-s0/002/"):
        opened.compare_with_columns("grpo-s0", 2)
