"""The loop that advances itself, tick by tick, and the schedule; events only, nothing computed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from assets.automation import dead_run_sensor
from assets.behind import MARK
from assets.dagster_private import DATA_VERSION_TAG, get_input_data_version_tag
from assets.declared import Declared
from assets.graph import build_definitions
from assets.history import entries
from assets.partitions import partition_key
from rlsd_pipeline.config.experiment import ExperimentConfig


class Ticks:
    """An experiment whose sensor is evaluated, and whose stages are said to have run."""

    def __init__(self, experiment: ExperimentConfig, instance: dg.DagsterInstance) -> None:
        self.declared = Declared("small", experiment)
        self.definitions = build_definitions("small", experiment)
        self.instance = instance
        self.cursor: str | None = None
        self.said: str | None = None
        self._asked: set[str | None] = set()

    def tick(self) -> list[str | None]:
        """Arms whose training this tick requests; a run key counts once, as in Dagster."""
        repository = self.definitions.get_repository_def()
        sensor = repository.get_sensor_def("small_advance")
        with dg.build_sensor_context(
            self.instance, cursor=self.cursor, repository_def=repository
        ) as context:
            data = sensor.evaluate_tick(context)
        # A tick that skips keeps the cursor that it was given.
        self.cursor, self.said = data.cursor or self.cursor, data.skip_message
        new = [r for r in data.run_requests or [] if r.run_key not in self._asked]
        self._asked |= {request.run_key for request in new}
        return [request.partition_key for request in new]

    def materialize(
        self,
        stage: str,
        arm: str | None = None,
        iteration: int = 0,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Report a stage as run."""
        partition = None if arm is None else partition_key(arm, iteration)
        event = dg.AssetMaterialization(self.declared.key(stage), partition=partition, tags=tags)
        self.instance.report_runless_asset_event(event)

    def start(self, arm: str) -> None:
        """What a user materializes."""
        self.materialize("problems")
        self.materialize("policy", arm)

    def training(
        self, arm: str, status: dg.DagsterRunStatus, tags: Mapping[str, str] | None = None
    ) -> dg.DagsterRun:
        """A run of the training job."""
        return self.instance.create_run_for_job(
            self.definitions.resolve_job_def("small_train"),
            status=status,
            tags={"dagster/partition": arm, **(tags or {})},
        )


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A schedule opens the instance again, so it has to lie somewhere."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def ticks(experiment: ExperimentConfig, instance: dg.DagsterInstance) -> Ticks:
    return Ticks(experiment, instance)


def test_nothing_is_trained_before_data_set_and_policy_are_there(ticks: Ticks) -> None:
    assert ticks.tick() == []
    ticks.materialize("policy", "rlsd-s0")
    assert ticks.tick() == []
    ticks.materialize("problems")
    assert ticks.tick() == ["rlsd-s0"]
    assert ticks.tick() == []


def test_arms_are_asked_for_each_by_itself(ticks: Ticks) -> None:
    ticks.start("rlsd-s0")
    assert ticks.tick() == ["rlsd-s0"]
    ticks.start("grpo-s0")
    assert ticks.tick() == ["grpo-s0"]


def test_an_arm_that_is_at_its_end_is_left_alone(ticks: Ticks) -> None:
    ticks.start("rlsd-s0")
    for k in (1, 2, 3):
        ticks.materialize("policy", "rlsd-s0", k)
    assert ticks.tick() == []


def test_an_arm_stays_where_a_person_left_it(ticks: Ticks) -> None:
    """`rlsd train --iterations 1`, or the same from the launchpad."""
    ticks.start("rlsd-s0")
    ticks.training("rlsd-s0", dg.DagsterRunStatus.SUCCESS)
    ticks.materialize("policy", "rlsd-s0", 1)
    assert ticks.tick() == []
    assert "someone left it" in (ticks.said or "")


@pytest.mark.parametrize(
    ("status", "asked"),
    [(dg.DagsterRunStatus.CANCELED, []), (dg.DagsterRunStatus.FAILURE, ["rlsd-s0"])],
)
def test_a_training_that_was_cancelled_is_not_gone_on_with(
    ticks: Ticks, status: dg.DagsterRunStatus, asked: list[str]
) -> None:
    ticks.start("rlsd-s0")
    ticks.training("rlsd-s0", status, {"dagster/sensor_name": "small_advance"})
    ticks.materialize("policy", "rlsd-s0", 1)
    assert ticks.tick() == asked


def test_an_arm_with_an_unfinished_run_waits(ticks: Ticks) -> None:
    ticks.start("rlsd-s0")
    ticks.start("grpo-s0")
    run = ticks.instance.create_run_for_job(
        ticks.definitions.resolve_job_def("small_iteration"),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": "rlsd-s0|000"},
    )
    assert ticks.tick() == ["grpo-s0"]
    assert ticks.tick() == []
    # It is over, and left nothing new.
    ticks.instance.report_run_failed(run)
    assert ticks.tick() == ["rlsd-s0"]


def test_a_tick_without_news_reads_nothing(ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks.start("rlsd-s0")
    ticks.tick()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(type(ticks.instance), "get_materialized_partitions", refuse)
    monkeypatch.setattr(type(ticks.instance), "get_runs", refuse)
    assert ticks.tick() == []
    assert ticks.said == "no new policy"


def test_more_iterations_go_on_where_the_sensor_ended(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, instance)
    ticks.start("rlsd-s0")
    ticks.tick()
    ticks.training("rlsd-s0", dg.DagsterRunStatus.SUCCESS, {"dagster/sensor_name": "small_advance"})
    for k in (1, 2, 3):
        ticks.materialize("policy", "rlsd-s0", k)
    assert ticks.tick() == []
    longer = Ticks(experiment.model_copy(update={"iterations": 4}), instance)
    longer.cursor = ticks.cursor
    assert longer.tick() == ["rlsd-s0"]


def evaluate(ticks: Ticks) -> str | list[tuple[str | None, str | None]]:
    """Why the schedule skips, or key and partition of each run it requests."""
    context = dg.build_schedule_context(
        instance=ticks.instance,
        scheduled_execution_time=datetime(2026, 1, 1, 3, tzinfo=UTC),
        repository_def=ticks.definitions.get_repository_def(),
    )
    schedule = ticks.definitions.get_repository_def().get_schedule_def("small_evaluate_newest")
    data = schedule.evaluate_tick(context)
    return data.skip_message or [(r.run_key, r.partition_key) for r in data.run_requests]


def test_the_schedule_evaluates_the_newest_policies_once(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, instance)
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


def test_the_thousandth_policy_is_newer_than_the_one_before_it(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(
        ExperimentConfig.model_validate(experiment.model_dump() | {"iterations": 1200}), instance
    )
    keys = ticks.declared.iterations.get_partition_keys()
    assert (len(keys), keys[7], keys[1199]) == (2 * 1200, "grpo-s0|007", "grpo-s0|1199")
    chosen = dg.PartitionKeyRange(start="rlsd-s0|998", end="rlsd-s0|1001")
    assert ticks.declared.iterations.get_partition_keys_in_range(chosen) == [
        f"rlsd-s0|{k}" for k in (998, 999, 1000, 1001)
    ]
    ticks.start("rlsd-s0")
    for k in (999, 1000):
        ticks.materialize("policy", "rlsd-s0", k)
    assert evaluate(ticks) == [("rlsd-s0-1000", "rlsd-s0|1000")]
    assert ticks.tick() == ["rlsd-s0"]
    ticks.materialize("policy", "rlsd-s0", 1200)
    ticks.cursor = None
    assert ticks.tick() == []
    names = ["small/rlsd-s0/1000/rollouts", "small/rlsd-s0/101/rollouts"]
    assert [entry.partition for entry in entries(names)] == ["rlsd-s0|1000", "rlsd-s0|101"]


def test_a_policy_that_is_being_scored_is_not_scored_again(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, instance)
    ticks.materialize("policy", "rlsd-s0", 3)
    run = instance.create_run_for_job(
        ticks.definitions.resolve_job_def("small_evaluate"),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": "rlsd-s0|003"},
    )
    assert "evaluated" in evaluate(ticks)
    instance.report_run_failed(run)
    assert evaluate(ticks) == [("rlsd-s0-3", "rlsd-s0|003")]


def test_a_policy_that_was_trained_anew_is_evaluated_again(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, instance)
    policy = get_input_data_version_tag(ticks.declared.key("policy"))

    def publish(version: str) -> None:
        ticks.materialize("policy", "rlsd-s0", 2, {DATA_VERSION_TAG: version})

    def score(version: str) -> None:
        ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 2, {policy: version})

    publish("first")
    assert evaluate(ticks) == [("rlsd-s0-2", "rlsd-s0|002")]
    score("first")
    assert "evaluated" in evaluate(ticks)
    # Published once more without a change, then behind.
    for version in ("first", f"{MARK}-run"):
        publish(version)
        assert "evaluated" in evaluate(ticks)
        assert due(ticks) == []
    publish("second")
    ((key, partition),) = evaluate(ticks)
    assert str(key).startswith("rlsd-s0-2-")
    assert partition == "rlsd-s0|002"
    assert due(ticks) == ["rlsd-s0|002"]
    score("second")
    assert "evaluated" in evaluate(ticks)
    publish("third")
    ((again, _),) = evaluate(ticks)
    assert again != key


def test_the_schedule_waits_for_every_benchmark(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    benchmarks = [{"type": "heldout", "name": name} for name in ("greedy", "sampled")]
    evaluation = {"benchmarks": benchmarks, "every": 2}
    ticks = Ticks(
        ExperimentConfig.model_validate(experiment.model_dump() | {"evaluation": evaluation}),
        instance,
    )
    ticks.materialize("policy", "rlsd-s0", 3)
    ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 3)
    assert evaluate(ticks) == [("rlsd-s0-3", "rlsd-s0|003")]
    ticks.materialize("benchmark_scores.sampled", "rlsd-s0", 3)
    assert "evaluated" in evaluate(ticks)


def test_the_schedule_runs_scores_and_what_shows_them(ticks: Ticks) -> None:
    job = ticks.definitions.resolve_job_def("small_evaluate")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert keys == {"small/benchmark_scores/greedy", "small/results"}


def test_the_sensor_of_dead_runs_says_what_it_found(instance: dg.DagsterInstance) -> None:
    with dg.build_sensor_context(instance=instance) as context:
        data = dead_run_sensor().evaluate_tick(context)
    assert data.skip_message == "no dead run"


def look(ticks: Ticks, cursor: str | None = None) -> SensorExecutionData:
    """A tick of the checkpoint sensor."""
    repository = ticks.definitions.get_repository_def()
    sensor = repository.get_sensor_def("small_evaluate_checkpoints")
    with dg.build_sensor_context(
        ticks.instance, cursor=cursor, repository_def=repository
    ) as context:
        return sensor.evaluate_tick(context)


def due(ticks: Ticks) -> list[str]:
    """Partitions that the checkpoint sensor asks for."""
    return [str(request.partition_key) for request in look(ticks).run_requests or []]


def test_every_nth_checkpoint_and_the_last_are_evaluated(
    experiment: ExperimentConfig, instance: dg.DagsterInstance
) -> None:
    ticks = Ticks(experiment, instance)
    assert due(ticks) == []
    for k in (0, 1, 2, 3):
        ticks.materialize("policy", "rlsd-s0", k)
    # Declared: every 2, three iterations.
    assert due(ticks) == ["rlsd-s0|000", "rlsd-s0|002", "rlsd-s0|003"]
    ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 2)
    assert due(ticks) == ["rlsd-s0|000", "rlsd-s0|003"]


def test_a_look_at_checkpoints_without_news_reads_nothing(
    ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks.materialize("policy", "rlsd-s0", 2)
    first = look(ticks)
    assert [request.partition_key for request in first.run_requests or []] == ["rlsd-s0|002"]
    with monkeypatch.context() as patched:

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("read")

        patched.setattr(type(ticks.instance), "get_materialized_partitions", refuse)
        second = look(ticks, first.cursor)
    assert not second.run_requests
    assert second.skip_message == "no new policy, and no new score"
    ticks.materialize("benchmark_scores.greedy", "rlsd-s0", 2)
    assert "all are evaluated" in (look(ticks, first.cursor).skip_message or "")
