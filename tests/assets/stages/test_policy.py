"""The policy of an iteration: who publishes it, and what is said where nobody has."""

import re

import dagster as dg
import pytest
from dagster._core.definitions.data_version import StaleStatus

from assets.partitions import partition_key
from tests.assets.materialized import Opened, events, newest, redo, stale


def test_another_policy_makes_the_next_rollouts_stale(loop: Opened) -> None:
    """The edge that Dagster cannot draw: a checkpoint is what the next iteration samples from."""
    opened, instance = loop
    event = dg.AssetMaterialization(
        opened.declared.key("policy"),
        partition=partition_key("rlsd-s0", 1),
        tags={"dagster/data_version": "another"},
    )
    instance.report_runless_asset_event(event)
    key = opened.declared.key("rollouts")
    assert stale(loop).get_status(key, "rlsd-s0|001") is StaleStatus.STALE
    assert stale(loop).get_status(key, "grpo-s0|001") is StaleStatus.FRESH


def test_a_policy_that_is_not_there_yet_names_its_checkpoint(loop: Opened) -> None:
    first = (
        r"^there is no artifact small/rlsd-s0/003/policy .*: policy_checkpoint 002 publishes it. "
        r"Materialize small/policy_checkpoint at rlsd-s0\|002 first"
    )
    for stage in ("policy", "benchmark_scores.greedy"):
        with pytest.raises(dg.Failure, match=first):
            redo(loop, stage, "rlsd-s0", 3)
    (run,) = loop[1].get_runs(limit=1)
    (failed,) = loop[1].all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    error = failed.dagster_event.step_failure_data.error
    assert re.match(
        first[1:], error.message.removeprefix("dagster._core.definitions.events.Failure: ")
    )
    assert "ArtifactError" in error.cause.message
    assert "in read" in "".join(error.cause.stack)


def test_a_published_policy_can_be_materialized(loop: Opened) -> None:
    _, instance = loop
    key = loop[0].declared.key("policy")
    (published,) = events(instance, key, "rlsd-s0", 2)
    redo(loop, "policy", "rlsd-s0", 2)
    cache, digest = newest(loop, "policy", "rlsd-s0", 2)
    assert (cache, digest) == ("hit", published.tags["dagster/data_version"])
