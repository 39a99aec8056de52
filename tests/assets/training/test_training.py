"""Many iterations in one run: what Dagster then knows, where a run goes on, and what stops it."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import StaleStatus
from dagster._utils.test.data_versions import get_stale_status_resolver

import rlsd_pipeline.credit.signs
from assets.cli.loop import Loop, open_instance
from assets.graph import stage_assets
from assets.partitions import partition_key
from assets.training.job import train_config
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.iteration.logprobs import LogprobsStage
from rlsd_pipeline.stages.registry import ITERATION_STAGES

Opened = tuple[Loop, dg.DagsterInstance]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Pictures are drawn here."""


def of_run(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str | None]]:
    """Stage and partition of every materialization of a run, in order."""
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.dagster_event.step_materialization_data.materialization for entry in entries]
    return [(event.asset_key.path[1], event.partition) for event in found]


def newest_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_runs(limit=1)[0]


def tags(opened: Opened, stage: str, partition: str) -> dict[str, str]:
    """Of the newest materialization of one partition, but for where its inputs' events lie."""
    event = opened[1].get_latest_data_version_record(
        opened[0].declared.key(stage), partition_key=partition
    )
    assert event is not None
    assert event.asset_materialization is not None
    return {
        key: value
        for key, value in (event.asset_materialization.tags or {}).items()
        if not key.startswith("dagster/input_event_pointer/")
    }


def picture_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> str | None:
    """The newest picture of the arm's curves."""
    event = instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    found = event.asset_materialization.metadata.get("rlsd-s0, drawn")
    return None if found is None else str(found.value)


def output_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, dg.MetadataValue]:
    """What a run says of itself when it has ended."""
    (output,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT)
    return output.dagster_event.step_output_data.metadata


def statuses(opened: Opened, iteration: int) -> list[StaleStatus]:
    loop, instance = opened
    resolver = get_stale_status_resolver(instance, stage_assets(loop.declared))
    partition = partition_key("rlsd-s0", iteration)
    return [resolver.get_status(loop.declared.key(s), partition) for s in ITERATION_STAGES]


def test_one_run_trains_and_says_what_single_materializations_say(loop: Opened) -> None:
    """The trained home was made by runs of the iteration's assets; here one run adds another."""
    opened, instance = loop
    opened.train("rlsd-s0", 3)
    run = newest_run(instance)
    assert (run.job_name, run.status) == ("small_train", dg.DagsterRunStatus.SUCCESS)
    assert run.tags["updates"] == "3 of 3"
    # Three of three updates: the last checkpoint has the picture, and once is enough.
    assert picture_of(instance, opened.declared.key("policy_checkpoint")) is not None
    assert output_of(instance, run).keys() == {"from", "updates"}
    expected = [(stage, "rlsd-s0|002") for stage in ITERATION_STAGES]
    assert of_run(instance, run.run_id) == [*expected, ("policy", "rlsd-s0|003")]
    assert [statuses(loop, k) for k in range(3)] == [[StaleStatus.FRESH] * 5] * 3
    for stage in ITERATION_STAGES:
        (one, many) = (tags(loop, stage, f"rlsd-s0|{k:03d}") for k in (1, 2))
        assert one.keys() == many.keys()
        assert one["dagster/code_version"] == many["dagster/code_version"]
        artifact = opened.workspace.store.ref(f"small/rlsd-s0/002/{stage}")
        assert many["dagster/data_version"] == artifact.digest
        assert many["dagster/partition/iteration"] == "002"
    specs = [spec for asset in stage_assets(opened.declared) for spec in asset.check_specs]
    log = instance.event_log_storage
    newest = {
        spec.key.name: log.get_asset_check_execution_history(spec.key, limit=1)[0]
        for spec in specs
        if spec.asset_key.path[1] != "problems"
    }
    assert {record.run_id for record in newest.values()} == {run.run_id}
    assert all(r.event.dagster_event.event_specific_data.passed for r in newest.values())
    assert opened.is_done("rlsd-s0", 2)


def test_a_training_goes_on_with_the_stage_that_is_missing(
    loop: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, instance = loop

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LogprobsStage, "write", killed)
        with pytest.raises(BaseException, match=r"|KeyboardInterrupt"):
            opened.train("rlsd-s0", 3)
    begun = newest_run(instance)
    assert begun.is_finished
    made = [(stage, "rlsd-s0|002") for stage in ITERATION_STAGES]
    assert of_run(instance, begun.run_id) == made[:2]
    assert not opened.is_done("rlsd-s0", 2)

    opened.train("rlsd-s0", 3)
    assert opened.reused == 2
    assert opened.is_done("rlsd-s0", 2)


def test_a_training_that_has_come_so_far_does_nothing(loop: Opened) -> None:
    opened, instance = loop
    opened.train("rlsd-s0", 2)
    run = newest_run(instance)
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert of_run(instance, run.run_id) == []


def test_a_run_that_was_asked_for_alone_ends_with_a_picture(loop: Opened) -> None:
    opened, instance = loop
    opened._run("train", "rlsd-s0", train_config(opened.declared, 2))
    output = output_of(instance, newest_run(instance))
    assert "data:image/png;base64," in str(output["rlsd-s0, drawn"].value)


def test_a_failed_check_ends_the_training(loop: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, instance = loop
    monkeypatch.setattr(rlsd_pipeline.credit.signs, "flipped_signs", lambda *_: 1)
    with pytest.raises(dg.Failure, match="sign_never_flips: 1 tokens with the opposite sign"):
        opened.train("rlsd-s0", 3)
    stages = [stage for stage, _ in of_run(instance, newest_run(instance).run_id)]
    assert stages == ["rollouts", "rewards", "logprobs", "token_weights"]


def test_an_arm_begins_with_all_that_it_needs(declare: Callable[..., Path]) -> None:
    """Nothing has to be materialized before the training is started from the UI."""
    with open_instance() as instance:
        Loop(declare(), instance, Silent()).train("grpo-s0", 1)
        assert of_run(instance, newest_run(instance).run_id) == [
            ("problems", None),
            ("policy", "grpo-s0|000"),
            *((stage, "grpo-s0|000") for stage in ITERATION_STAGES),
            ("policy", "grpo-s0|001"),
        ]


@pytest.mark.parametrize(
    ("updates", "says"), [(0, "greater than or equal to 1"), (4, "less than or equal to 3")]
)
def test_more_updates_than_are_declared_are_refused(loop: Opened, updates: int, says: str) -> None:
    opened, instance = loop
    result = opened._job("train").execute_in_process(
        run_config=QUIET | train_config(opened.declared, updates),
        partition_key="rlsd-s0",
        instance=instance,
        raise_on_error=False,
    )
    assert not result.success
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert says in str(failure.step_failure_data.error.cause)


def backfill(opened: Opened, stages: tuple[str, ...], first: int, last: int) -> dg.DagsterRun:
    """What a backfill with one run launches for a range of one arm."""
    loop, instance = opened
    assets = stage_assets(loop.declared)
    result = dg.materialize(
        assets,
        selection=[loop.declared.key(stage) for stage in stages],
        instance=instance,
        run_config=QUIET,
        tags={
            "dagster/asset_partition_range_start": partition_key("rlsd-s0", first),
            "dagster/asset_partition_range_end": partition_key("rlsd-s0", last),
        },
    )
    assert result.success
    return newest_run(instance)


def test_a_range_of_iterations_is_trained_in_order(loop: Opened) -> None:
    run = backfill(loop, ITERATION_STAGES, 1, 2)
    expected = [
        (stage, f"rlsd-s0|{k:03d}") for k in (1, 2) for stage in (*ITERATION_STAGES, "policy")
    ]
    expected = [(s, f"rlsd-s0|{int(p[-3:]) + 1:03d}" if s == "policy" else p) for s, p in expected]
    assert of_run(loop[1], run.run_id) == expected
    assert [statuses(loop, k) for k in range(3)] == [[StaleStatus.FRESH] * 5] * 3


def test_a_range_may_begin_behind_the_rollouts(loop: Opened) -> None:
    run = backfill(loop, ("rewards", "token_weights"), 0, 1)
    assert of_run(loop[1], run.run_id) == [
        (stage, f"rlsd-s0|{k:03d}") for k in (0, 1) for stage in ("rewards", "token_weights")
    ]


def test_iterations_of_a_backfill_are_one_run_and_scores_are_not(loop: Opened) -> None:
    policies = {
        key.path[1]: asset.backfill_policy
        for asset in stage_assets(loop[0].declared)
        for key in asset.keys
    }
    single = {name for name, policy in policies.items() if policy is not None}
    assert single == {*ITERATION_STAGES, "token_values"}
