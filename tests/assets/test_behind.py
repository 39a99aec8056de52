"""What Dagster shows once something was drawn anew: everything that descends from it, and why."""

import dagster as dg
import pytest
from dagster._core.definitions.data_version import StaleStatus
from dagster._utils.test.data_versions import get_stale_status_resolver

from assets.cli.loop import Loop
from assets.graph import stage_assets
from assets.history import tell
from assets.in_step import arms_behind
from assets.partitions import partition_key
from rlsd_pipeline.stages.registry import ITERATION_STAGES

Opened = tuple[Loop, dg.DagsterInstance]
CHAIN = ("policy", *ITERATION_STAGES)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
FRESH, STALE, MISSING = StaleStatus.FRESH, StaleStatus.STALE, StaleStatus.MISSING


def materialize(opened: Opened, stage: str, iteration: int, **options: object) -> None:
    """What a click on one partition does."""
    loop, instance = opened
    key = loop.declared.key(stage)
    step = {"config": options}
    result = dg.materialize(
        stage_assets(loop.declared),
        selection=[key],
        partition_key=partition_key("rlsd-s0", iteration),
        instance=instance,
        run_config={
            "ops": {key.to_python_identifier(): step},
            **QUIET,
        },
    )
    assert result.success


def statuses(opened: Opened, iteration: int, arm: str = "rlsd-s0") -> list[StaleStatus]:
    """Of the policy that an iteration begins with, then of its stages."""
    loop, instance = opened
    resolver = get_stale_status_resolver(instance, stage_assets(loop.declared))
    partition = partition_key(arm, iteration)
    chain = CHAIN if iteration < 3 else CHAIN[:1]
    return [resolver.get_status(loop.declared.key(stage), partition) for stage in chain]


def result_status(opened: Opened) -> StaleStatus:
    loop, instance = opened
    resolver = get_stale_status_resolver(instance, stage_assets(loop.declared))
    return resolver.get_status(loop.declared.key("results"))


def newest(opened: Opened, stage: str, iteration: int) -> dg.AssetMaterialization:
    event = opened[1].get_latest_data_version_record(
        opened[0].declared.key(stage), partition_key=partition_key("rlsd-s0", iteration)
    )
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization


def test_another_draw_shows_all_that_descends_from_it_as_stale_until_it_is_redone(
    loop: Opened,
) -> None:
    opened, instance = loop
    opened.train("rlsd-s0", 3)
    assert [statuses(loop, k) for k in range(4)] == [[FRESH] * 6] * 3 + [[FRESH]]
    opened.results()
    materialize(loop, "rollouts", 1, draw=1)

    assert statuses(loop, 0) == [FRESH] * 6
    assert statuses(loop, 1) == [FRESH, FRESH, STALE, STALE, STALE, STALE]
    assert statuses(loop, 2) == [STALE] * 6
    assert statuses(loop, 3) == [STALE]
    assert [statuses(loop, k, "grpo-s0") for k in (0, 1)] == [[FRESH] * 6] * 2
    why = arms_behind(opened.declared, instance)
    assert list(why) == ["rlsd-s0"]
    assert "rewards 001 would be made again: rollouts" in why["rlsd-s0"]
    assert "(draw 0 → 1)" in why["rlsd-s0"]
    assert "`rlsd train small --arm rlsd-s0 --iterations 3`" in why["rlsd-s0"]
    metadata = newest(loop, "policy", 3).metadata
    assert metadata["behind"].value in why["rlsd-s0"]
    assert metadata["updates"].value == "3"
    assert result_status(loop) == STALE
    # What is told from the store alone is the same.
    with dg.DagsterInstance.ephemeral() as told:
        store, declared = opened.workspace.store, {"small": opened.declared}
        tell(told, store, declared, list(store.refs("small/")), lambda count: None)
        assert [statuses((opened, told), k) for k in range(4)] == [
            statuses(loop, k) for k in range(4)
        ]
        assert arms_behind(opened.declared, told) == why
        assert result_status((opened, told)) == STALE

    # One iteration alone, from what is behind: nothing of it is in step by that.
    materialize(loop, "rewards", 2)
    assert statuses(loop, 2) == [STALE] * 6

    opened.train("rlsd-s0", 3)
    assert [statuses(loop, k) for k in range(4)] == [[FRESH] * 6] * 3 + [[FRESH]]
    assert arms_behind(opened.declared, instance) == {}
    assert result_status(loop) == FRESH
    assert newest(loop, "rollouts", 1).metadata["draw"].value == "1"
    why_made = newest(loop, "rewards", 1).metadata["why"].value
    assert isinstance(why_made, str)
    assert why_made.startswith("computed: rollouts ")
    assert why_made.endswith("(draw 0 → 1)")


def test_the_former_draw_brings_all_back(loop: Opened) -> None:
    opened, instance = loop
    before = newest(loop, "rollouts", 1)
    materialize(loop, "rollouts", 0, draw=1)
    assert statuses(loop, 1) == [STALE] * 6
    materialize(loop, "rollouts", 0, draw=0)
    assert newest(loop, "rollouts", 0).metadata["why"].value == (
        "reused: draw 1 → 0, which the store held"
    )
    assert [statuses(loop, k) for k in (0, 1)] == [[FRESH] * 6] * 2
    assert statuses(loop, 2) == [FRESH, *[MISSING] * 5]
    assert newest(loop, "rollouts", 1).metadata == before.metadata
    assert arms_behind(opened.declared, instance) == {}


@pytest.mark.parametrize("mix", [0.5, 0.8])
def test_the_check_holds_all_arms_against_the_declaration(
    loop: Opened, declare: object, mix: float
) -> None:
    weighting = {"type": "rlsd", "decay": 4, "mix": mix}
    file = declare(arms=[{"weighting": {"type": "grpo"}}, {"weighting": weighting}])  # type: ignore[operator]
    declared = Loop(file, loop[1], loop[0].workspace.progress)
    check = declared._definitions.resolve_implicit_global_asset_job_def()
    key = dg.AssetCheckKey(declared.declared.key("policy"), "in_step")
    result = check.get_subset(
        asset_check_selection={key}, asset_selection=set()
    ).execute_in_process(
        instance=loop[1], run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    )
    (evaluation,) = result.get_asset_check_evaluations()
    assert evaluation.passed == (mix == 0.5)
    assert list(evaluation.metadata) == ([] if mix == 0.5 else ["rlsd-s0"])
