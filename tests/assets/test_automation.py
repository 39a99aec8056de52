"""The loop that advances itself, tick by tick, and the schedule; events only, nothing computed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.advance import advance_sensor, iteration_job
from assets.automation import (
    checkpoint_sensor,
    dead_run_sensor,
    evaluation_job,
    evaluation_schedule,
)
from assets.declared import Declared
from assets.graph import build_definitions
from assets.partitions import partition_key
from rlsd_pipeline.config.experiment import ArmConfig, ExperimentConfig
from rlsd_pipeline.stages.registry import ITERATION_STAGES


class Ticks:
    """An experiment whose sensor is evaluated, and whose stages are said to have run."""

    def __init__(self, experiment: ExperimentConfig, instance: dg.DagsterInstance) -> None:
        self.declared = Declared("small", experiment)
        self.definitions = build_definitions("small", experiment)
        self.instance = instance
        self.cursor: str | None = None
        self.said: str | None = None
        self._asked: set[str | None] = set()

    def tick(self) -> dict[str, set[str]]:
        """Partitions that this tick requests, by stage; a run key counts once, as in Dagster."""
        repository = self.definitions.get_repository_def()
        sensor = advance_sensor(self.declared, iteration_job(self.declared))
        with dg.build_sensor_context(
            self.instance, cursor=self.cursor, repository_def=repository
        ) as context:
            data = sensor.evaluate_tick(context)
        # A tick that skips keeps the cursor that it was given.
        self.cursor, self.said = data.cursor or self.cursor, data.skip_message
        requested: dict[str, set[str]] = {}
        for request in data.run_requests or []:
            if request.run_key in self._asked:
                continue
            self._asked.add(request.run_key)
            for key in request.asset_selection or []:
                requested.setdefault(key.path[1], set()).add(str(request.partition_key))
        return requested

    def materialize(self, stage: str, arm: str | None = None, iteration: int = 0) -> None:
        """Report a stage as run."""
        partition = None if arm is None else partition_key(arm, iteration)
        event = dg.AssetMaterialization(self.declared.key(stage), partition=partition)
        self.instance.report_runless_asset_event(event)

    def start(self, arm: str) -> None:
        """What a user materializes."""
        self.materialize("problems")
        self.materialize("policy", arm)

    def finish(self, arm: str, iteration: int) -> None:
        """Everything that a requested iteration leaves, the next policy last."""
        for stage in ITERATION_STAGES:
            self.materialize(stage, arm, iteration)
        self.materialize("policy", arm, iteration + 1)


def iteration(*partitions: str) -> dict[str, set[str]]:
    """All stages of these partitions."""
    return {stage: set(partitions) for stage in ITERATION_STAGES}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def stored_instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A schedule opens the instance again, so it has to lie somewhere."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def ticks(experiment: ExperimentConfig, instance: dg.DagsterInstance) -> Ticks:
    return Ticks(experiment, instance)


def test_nothing_starts_before_there_is_a_policy(ticks: Ticks) -> None:
    assert ticks.tick() == {}
    ticks.materialize("problems")
    assert ticks.tick() == {}


def test_nothing_starts_without_the_data_set(ticks: Ticks) -> None:
    ticks.materialize("policy", "rlsd-s0")
    assert ticks.tick() == {}
    ticks.materialize("problems")
    assert ticks.tick() == iteration("rlsd-s0|000")


def test_values_are_asked_for_where_a_method_reads_them(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    arms = [ArmConfig.model_validate({"weighting": {"type": name}}) for name in ("grpo", "vine")]
    ticks = Ticks(experiment.model_copy(update={"arms": arms}), instance)
    for arm in ("grpo-s0", "vine-s0"):
        ticks.start(arm)
    both = {"grpo-s0|000", "vine-s0|000"}
    assert ticks.tick() == iteration(*both) | {"token_values": {"vine-s0|000"}}


def test_an_arm_trains_itself_to_the_end(ticks: Ticks) -> None:
    ticks.tick()
    ticks.start("rlsd-s0")
    for k in range(3):
        assert ticks.tick() == iteration(f"rlsd-s0|{k:03d}")
        assert ticks.tick() == {}
        ticks.finish("rlsd-s0", k)
    assert ticks.tick() == {}


def test_a_sensor_that_starts_later_goes_on_with_the_arm(ticks: Ticks) -> None:
    """The command line left the arm half-way, and no tick has seen it begin."""
    ticks.start("rlsd-s0")
    ticks.finish("rlsd-s0", 0)
    assert ticks.tick() == iteration("rlsd-s0|001")


def test_arms_advance_each_by_itself(ticks: Ticks) -> None:
    ticks.start("rlsd-s0")
    ticks.start("grpo-s0")
    assert ticks.tick() == iteration("grpo-s0|000", "rlsd-s0|000")
    ticks.finish("rlsd-s0", 0)
    assert ticks.tick() == iteration("rlsd-s0|001")
    ticks.finish("grpo-s0", 0)
    assert ticks.tick() == iteration("grpo-s0|001")


def test_a_run_that_was_cancelled_is_not_started_again(ticks: Ticks) -> None:
    ticks.start("rlsd-s0")
    assert ticks.tick() == iteration("rlsd-s0|000")
    for stage in ("rollouts", "rewards"):
        ticks.materialize(stage, "rlsd-s0")
    assert [ticks.tick() for _ in range(3)] == [{}, {}, {}]


def test_what_a_user_redoes_starts_nothing(ticks: Ticks) -> None:
    ticks.start("rlsd-s0")
    ticks.tick()
    ticks.finish("rlsd-s0", 0)
    ticks.tick()
    ticks.materialize("rollouts", "rlsd-s0", 0)
    ticks.materialize("policy", "rlsd-s0", 0)
    assert ticks.tick() == {}


def test_only_what_is_missing_is_requested(ticks: Ticks) -> None:
    ticks.start("rlsd-s0")
    for stage in ("rollouts", "rewards"):
        ticks.materialize(stage, "rlsd-s0")
    requested = ticks.tick()
    assert set(requested) == {"logprobs", "token_weights", "policy_checkpoint"}


def test_an_arm_with_an_unfinished_run_waits(
    experiment: ExperimentConfig, stored_instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, stored_instance)
    ticks.start("rlsd-s0")
    ticks.start("grpo-s0")
    run = stored_instance.create_run_for_job(
        ticks.definitions.resolve_job_def("small_iteration"),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition/arm": "rlsd-s0"},
        asset_selection=frozenset({ticks.declared.key("rollouts")}),
    )
    assert ticks.tick() == iteration("grpo-s0|000")
    assert ticks.tick() == {}
    # It is over, and left nothing new.
    stored_instance.report_run_failed(run)
    assert ticks.tick() == iteration("rlsd-s0|000")


def test_a_tick_without_news_reads_nothing(ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks.start("rlsd-s0")
    ticks.tick()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(type(ticks.instance), "get_materialized_partitions", refuse)
    monkeypatch.setattr(type(ticks.instance), "get_runs", refuse)
    assert ticks.tick() == {}
    assert ticks.said == "no new policy"


def test_more_iterations_go_on_where_the_arm_ended(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, instance)
    ticks.start("rlsd-s0")
    for k in range(3):
        ticks.tick()
        ticks.finish("rlsd-s0", k)
    assert ticks.tick() == {}
    longer = Ticks(experiment.model_copy(update={"iterations": 4}), instance)
    longer.cursor = ticks.cursor
    assert longer.tick() == iteration("rlsd-s0|003")


def evaluate(ticks: Ticks) -> str | list[tuple[str | None, str | None]]:
    """Why the schedule skips, or key and partition of each run it requests."""
    context = dg.build_schedule_context(
        instance=ticks.instance,
        scheduled_execution_time=datetime(2026, 1, 1, 3, tzinfo=UTC),
        repository_def=ticks.definitions.get_repository_def(),
    )
    job = evaluation_job(ticks.declared)
    data = evaluation_schedule(ticks.declared, job).evaluate_tick(context)
    return data.skip_message or [(r.run_key, r.partition_key) for r in data.run_requests]


def test_the_schedule_evaluates_the_newest_policies_once(
    experiment: ExperimentConfig, stored_instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, stored_instance)
    assert "no arm has a policy yet" in evaluate(ticks)
    for k in (0, 1, 2):
        ticks.materialize("policy", "rlsd-s0", k)
    ticks.materialize("policy", "grpo-s0", 0)
    assert evaluate(ticks) == [
        ("grpo-s0-0", "grpo-s0|000"),
        ("rlsd-s0-2", "rlsd-s0|002"),
    ]
    ticks.materialize("benchmark_scores.greedy", "grpo-s0", 0)
    # That an older policy has its score says nothing about the newest.
    ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 0)
    assert evaluate(ticks) == [("rlsd-s0-2", "rlsd-s0|002")]
    ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 2)
    assert "evaluated" in evaluate(ticks)


def test_a_policy_that_is_being_scored_is_not_scored_again(
    experiment: ExperimentConfig, stored_instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, stored_instance)
    ticks.materialize("policy", "rlsd-s0", 3)
    run = stored_instance.create_run_for_job(
        ticks.definitions.resolve_job_def("small_evaluate"),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": "rlsd-s0|003"},
    )
    assert "evaluated" in evaluate(ticks)
    stored_instance.report_run_failed(run)
    assert evaluate(ticks) == [("rlsd-s0-3", "rlsd-s0|003")]


def test_the_schedule_waits_for_every_benchmark(
    experiment: ExperimentConfig, stored_instance: dg.DagsterInstance
) -> None:
    benchmarks = [{"type": "heldout", "name": name} for name in ("greedy", "sampled")]
    evaluation = {"benchmarks": benchmarks, "every": 2}
    ticks = Ticks(
        ExperimentConfig.model_validate(experiment.model_dump() | {"evaluation": evaluation}),
        stored_instance,
    )
    ticks.materialize("policy", "rlsd-s0", 3)
    ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 3)
    assert evaluate(ticks) == [("rlsd-s0-3", "rlsd-s0|003")]
    ticks.materialize("benchmark_scores.sampled", "rlsd-s0", 3)
    assert "evaluated" in evaluate(ticks)


def test_the_schedule_runs_scores_and_nothing_else(ticks: Ticks) -> None:
    job = ticks.definitions.resolve_job_def("small_evaluate")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert keys == {"small/benchmark_scores/greedy"}


def test_the_sensor_of_dead_runs_says_what_it_found(instance: dg.DagsterInstance) -> None:
    with dg.build_sensor_context(instance=instance) as context:
        data = dead_run_sensor().evaluate_tick(context)
    assert data.skip_message == "no dead run"


def due(ticks: Ticks) -> list[str]:
    """Partitions that the checkpoint sensor asks for."""
    repository = ticks.definitions.get_repository_def()
    context = dg.build_sensor_context(ticks.instance, repository_def=repository)
    sensor = checkpoint_sensor(ticks.declared, evaluation_job(ticks.declared))
    return [str(request.partition_key) for request in sensor.evaluate_tick(context).run_requests]


def test_every_nth_checkpoint_and_the_last_are_evaluated(
    experiment: ExperimentConfig, stored_instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, stored_instance)
    assert due(ticks) == []
    for k in (0, 1, 2, 3):
        ticks.materialize("policy", "rlsd-s0", k)
    # Declared: every 2, three iterations.
    assert due(ticks) == ["rlsd-s0|000", "rlsd-s0|002", "rlsd-s0|003"]
    ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 2)
    assert due(ticks) == ["rlsd-s0|000", "rlsd-s0|003"]
