"""The loop in one process: what Dagster then knows, what is computed twice, and what stops it."""

import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import (
    CachingStaleStatusResolver,
    StaleCauseCategory,
    StaleStatus,
)
from dagster._utils.test.data_versions import get_stale_status_resolver
from rich.console import Console

import rlsd_pipeline.credit.signs
import rlsd_pipeline.models.pool
from assets.cli.loop import Loop, open_instance
from assets.cli.progress import Display
from assets.cli.train import train_arm
from assets.declared import Declared
from assets.graph import stage_assets
from assets.partitions import partition_key
from assets.recovery import HOST_TAG, PROCESS_TAG
from rlsd_pipeline.artifacts import Artifact, ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.registry import ITERATION_STAGES
from schemas import PolicyCheckpoint, Reward
from tests.iterated import iterate

Opened = tuple[Loop, dg.DagsterInstance]


@pytest.fixture
def known(
    trained: Path, experiment: ExperimentConfig, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Declared, dg.DagsterInstance, ArtifactStore]]:
    """The trained home as it is, to be read only."""
    monkeypatch.setenv("RLSD_HOME", str(trained))
    with open_instance() as instance:
        yield Declared("small", experiment), instance, ArtifactStore(trained / "artifacts")


Known = tuple[Declared, dg.DagsterInstance, ArtifactStore]


def events(
    instance: dg.DagsterInstance, key: dg.AssetKey, arm: str, iteration: int
) -> list[dg.AssetMaterialization]:
    """The materializations of one partition, oldest first."""
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition_key(arm, iteration)])
    records = instance.fetch_materializations(wanted, limit=20, ascending=True).records
    return [record.asset_materialization for record in records]


def newest(opened: Opened, stage: str, arm: str, iteration: int) -> tuple[object, str]:
    """Cache state and data version of the newest materialization of one partition."""
    event = events(opened[1], opened[0].declared.key(stage), arm, iteration)[-1]
    return event.metadata["cache"].value, event.tags["dagster/data_version"]


def stale(opened: Opened) -> CachingStaleStatusResolver:
    return get_stale_status_resolver(opened[1], stage_assets(opened[0].declared))


def redo(opened: Opened, stage: str, arm: str, iteration: int, **options: object) -> None:
    """Materialize one partition of one stage with what the launchpad offers."""
    loop, instance = opened
    key = loop.declared.key(stage)
    name = key.to_python_identifier()
    run = dg.materialize(
        stage_assets(loop.declared),
        selection=[key],
        partition_key=partition_key(arm, iteration),
        instance=instance,
        run_config={
            "ops": {name: {"config": options}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
    )
    assert run.success


def test_every_stage_is_materialized_under_its_content(known: Known, arms: tuple[str]) -> None:
    declared, instance, store = known
    for arm in arms:
        for iteration in range(2):
            for stage in ITERATION_STAGES:
                (event,) = events(instance, declared.key(stage), arm, iteration)
                artifact = store.ref(f"small/{arm}/{iteration:03d}/{stage}")
                assert event.partition == f"{arm}|{iteration:03d}"
                assert event.tags["dagster/data_version"] == artifact.digest
                assert event.metadata["digest"].value == artifact.digest[:12]
                root, place = (event.metadata[name].value for name in ("store", "path"))
                (folder,) = Path(root).glob(place)
                assert folder == Path(artifact.location)
        for stage in ITERATION_STAGES:
            partitions = instance.get_materialized_partitions(declared.key(stage))
            assert partitions == {f"{arm}|{k:03d}" for arm in arms for k in range(2)}


def test_arms_of_one_seed_share_what_is_equal(known: Known, arms: tuple[str]) -> None:
    declared, instance, _ = known
    found = {
        (arm, iteration): [
            events(instance, declared.key(stage), arm, iteration)[0].metadata["cache"].value
            for stage in ITERATION_STAGES
        ]
        for arm in arms
        for iteration in range(2)
    }
    hit, miss = "hit", "miss"
    assert found == {
        ("grpo-s0", 0): [miss] * 5,
        ("grpo-s0", 1): [miss] * 5,
        # RLSD reads a teacher, so log-probabilities and what follows are its own.
        ("rlsd-s0", 0): [hit, hit, miss, miss, miss],
        ("rlsd-s0", 1): [miss] * 5,
    }
    bases = [events(instance, declared.key("policy"), arm, 0)[0] for arm in arms]
    assert [event.metadata["cache"].value for event in bases] == ["miss", "hit"]


def test_something_is_learnt(known: Known, arms: tuple[str]) -> None:
    """Else the tests of this folder would compare policies that never change."""
    for arm in arms:
        rewards = known[2].ref(f"small/{arm}/000/rewards").table(Reward)
        assert len(set(rewards["advantage"].to_pylist())) > 1
        policies = [known[2].ref(f"small/{arm}/{k:03d}/policy") for k in range(3)]
        assert len({policy.manifest.files["model.safetensors"].sha256 for policy in policies}) == 3


def test_a_checkpoint_publishes_the_next_policy(known: Known, arms: tuple[str]) -> None:
    declared, instance, store = known
    for arm in arms:
        for iteration in range(2):
            (event,) = events(instance, declared.key("policy"), arm, iteration + 1)
            checkpoint = store.ref(f"small/{arm}/{iteration:03d}/policy_checkpoint")
            assert event.tags["dagster/data_version"] == checkpoint.digest
            assert event.metadata["published_by"].value == "policy_checkpoint"
            assert event.metadata["updates"].value == str(iteration + 1)
            assert store.ref(f"small/{arm}/{iteration + 1:03d}/policy").digest == checkpoint.digest
            assert checkpoint.record(PolicyCheckpoint).updates == iteration + 1
        assert not events(instance, declared.key("policy"), arm, 3)


def test_every_check_is_recorded_and_passed(known: Known) -> None:
    declared, instance, _ = known
    specs = [spec for asset in stage_assets(declared) for spec in asset.check_specs]
    places = {f"{arm}-s0|00{k}" for arm in ("grpo", "rlsd") for k in range(2)}
    assert len(specs) == 5
    for spec in specs:
        history = instance.event_log_storage.get_asset_check_execution_history(spec.key, limit=20)
        evaluations = [record.event.dagster_event.event_specific_data for record in history]
        # Two arms by two iterations; the data set is one.
        whole = spec.key.asset_key.path[-1] == "problems"
        assert len(evaluations) == (1 if whole else 4)
        assert {e.partition for e in evaluations} == ({None} if whole else places)
        assert all(e.passed and e.metadata["found"].value == 0 for e in evaluations)


def test_every_run_says_who_executes_it(known: Known) -> None:
    runs = known[1].get_runs()
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    for run in runs:
        assert run.tags[HOST_TAG] == socket.gethostname()
        assert re.fullmatch(rf"{run.run_id}/\d+-\d*", run.tags[PROCESS_TAG])
    # The queue keeps runs of one arm in order by this tag, which Dagster sets.
    assert {run.tags.get("dagster/partition/arm") for run in runs} == {None, "grpo-s0", "rlsd-s0"}


def test_what_is_complete_is_not_computed_again(loop: Opened, home: Path) -> None:
    opened, instance = loop
    manifests = sorted((home / "artifacts").rglob("manifest.json"))
    before = [path.read_bytes() for path in manifests]
    iterate(opened, "rlsd-s0", 1)
    for stage in ITERATION_STAGES:
        first, second = events(instance, opened.declared.key(stage), "rlsd-s0", 1)
        assert second.metadata["cache"].value == "hit"
        assert second.tags["dagster/data_version"] == first.tags["dagster/data_version"]
        assert (
            stale(loop).get_status(opened.declared.key(stage), "rlsd-s0|001") is StaleStatus.FRESH
        )
    assert [path.read_bytes() for path in manifests] == before
    assert opened.stage_seconds == 0 < opened.wall_seconds


def test_computing_a_stage_again_gives_the_same_content(loop: Opened) -> None:
    opened, _ = loop
    _, digest = newest(loop, "rewards", "rlsd-s0", 1)
    redo(loop, "rewards", "rlsd-s0", 1, recompute=True)
    cache, again = newest(loop, "rewards", "rlsd-s0", 1)
    assert (cache, again) == ("miss", digest)
    # Nothing changed, so nothing that reads it is stale.
    for stage in ("token_weights", "policy_checkpoint"):
        status = stale(loop).get_status(opened.declared.key(stage), "rlsd-s0|001")
        assert status is StaleStatus.FRESH
    assert opened.is_done("rlsd-s0", 1)


def test_another_draw_makes_what_follows_stale(loop: Opened) -> None:
    declared = loop[0].declared
    _, digest = newest(loop, "rollouts", "rlsd-s0", 1)
    redo(loop, "rollouts", "rlsd-s0", 1, draw=1)
    cache, drawn = newest(loop, "rollouts", "rlsd-s0", 1)
    assert cache == "miss"
    assert drawn != digest
    resolver = stale(loop)
    for stage in ("rewards", "logprobs", "token_weights", "policy_checkpoint"):
        status = resolver.get_status(declared.key(stage), "rlsd-s0|001")
        assert status is StaleStatus.STALE, stage
    causes = resolver.get_stale_causes(declared.key("rewards"), "rlsd-s0|001")
    (cause,) = [each for each in causes if each.category is StaleCauseCategory.DATA]
    assert cause.reason == "has a new dependency data version"
    assert cause.dependency.asset_key == declared.key("rollouts")
    # Neither the other iteration nor the other arm has anything to do with it.
    assert resolver.get_status(declared.key("rewards"), "rlsd-s0|000") is StaleStatus.FRESH
    assert resolver.get_status(declared.key("rewards"), "grpo-s0|001") is StaleStatus.FRESH


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


def test_credit_against_its_reward_stops_the_iteration(
    loop: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, instance = loop
    with monkeypatch.context() as patched:
        patched.setattr(rlsd_pipeline.credit.signs, "flipped_signs", lambda *_: 1)
        with pytest.raises(dg.DagsterError, match="sign_never_flips"):
            iterate(opened, "rlsd-s0", 2)
    partition = "rlsd-s0|002"
    declared = opened.declared
    assert partition in instance.get_materialized_partitions(declared.key("token_weights"))
    assert partition not in instance.get_materialized_partitions(declared.key("policy_checkpoint"))
    assert "rlsd-s0|003" not in instance.get_materialized_partitions(declared.key("policy"))
    assert opened.workspace.store.ref("small/rlsd-s0/002/policy_checkpoint") is None
    assert not opened.is_done("rlsd-s0", 2)
    (run,) = instance.get_runs(limit=1)
    assert run.status is dg.DagsterRunStatus.FAILURE

    iterate(opened, "rlsd-s0", 2)
    assert newest(loop, "token_weights", "rlsd-s0", 2)[0] == "hit"
    assert "rlsd-s0|003" in instance.get_materialized_partitions(declared.key("policy"))
    assert opened.is_done("rlsd-s0", 2)


def test_credit_against_its_reward_is_counted_where_no_method_promises_otherwise(
    loop: Opened, declare: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The misprinted formula turns signs: a number to look at, and no reason to stop."""
    printed = {"type": "rlsd", "formula": "as_printed", "decay": 4}
    opened = Loop(declare(arms=[{"weighting": printed}]), loop[1], Silent())
    monkeypatch.setattr(rlsd_pipeline.credit.signs, "flipped_signs", lambda *_: 7)
    iterate(opened, "rlsd-s0", 0)
    (*_, event) = events(loop[1], opened.declared.key("token_weights"), "rlsd-s0", 0)
    assert event.metadata["tokens_against_their_reward"].value == "7"
    assert event.metadata["cache"].value == "miss"
    assert opened.is_done("rlsd-s0", 0)


def test_weights_that_are_not_finite_are_never_gone_on_from(
    loop: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, instance = loop
    monkeypatch.setattr(rlsd_pipeline.models.pool, "not_finite_weights", lambda _: 7)
    for _ in range(2):
        with pytest.raises(dg.DagsterError, match="finite"):
            iterate(opened, "grpo-s0", 2)
        published = instance.get_materialized_partitions(opened.declared.key("policy"))
        assert "grpo-s0|003" not in published
        assert not opened.is_done("grpo-s0", 2)


def test_an_iteration_is_done_while_its_artifacts_are_there(loop: Opened) -> None:
    opened, _ = loop
    assert [opened.is_done("rlsd-s0", k) for k in range(3)] == [True, True, False]
    shutil.rmtree(opened.workspace.store.ref("small/rlsd-s0/001/logprobs").location)
    assert [opened.is_done("rlsd-s0", k) for k in range(2)] == [True, False]
    iterate(opened, "rlsd-s0", 1)
    states = {s: newest(loop, s, "rlsd-s0", 1)[0] for s in ITERATION_STAGES}
    # Computed again it is what it was, so what was made from it still holds.
    assert states == dict.fromkeys(ITERATION_STAGES, "hit") | {"logprobs": "miss"}
    assert opened.is_done("rlsd-s0", 1)


def test_an_iteration_is_done_only_as_now_declared(
    loop: Opened, declare: Callable[..., Path]
) -> None:
    changed = Loop(declare(update={"learning_rate": 2e-3}), loop[1], Silent())
    assert not changed.is_done("rlsd-s0", 0)
    longer = Loop(declare(iterations=9), loop[1], Silent())
    assert longer.is_done("rlsd-s0", 1)


def test_an_iteration_is_done_only_where_dagster_knows_of_it(loop: Opened) -> None:
    """A process killed between artifact and event leaves the first without the second."""
    opened, instance = loop
    assert opened.is_done("grpo-s0", 1)
    instance.wipe_assets([opened.declared.key("policy")])
    assert not opened.is_done("grpo-s0", 1)
    iterate(opened, "grpo-s0", 1)
    assert opened.is_done("grpo-s0", 1)
    assert newest(loop, "policy_checkpoint", "grpo-s0", 1)[0] == "hit"


def test_the_policy_stays_in_memory(loop: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = loop
    loaded: list[str] = []
    load = rlsd_pipeline.models.pool._load_policy

    def counted(artifact: Artifact, *precision: str | None) -> object:
        loaded.append(artifact.digest)
        return load(artifact, *precision)

    monkeypatch.setattr(rlsd_pipeline.models.pool, "_load_policy", counted)
    sampled_from = opened.workspace.store.ref("small/grpo-s0/002/policy").digest
    iterate(opened, "grpo-s0", 2)
    assert loaded == [sampled_from]
    opened.evaluate("grpo-s0", 3)
    assert loaded == [sampled_from]
    assert opened.declared.workspace() is opened.workspace


def test_arms_are_chosen_by_name(loop: Opened, arms: tuple[str]) -> None:
    assert loop[0].arms(()) == list(arms)
    assert loop[0].arms(["rlsd-s0"]) == ["rlsd-s0"]
    assert loop[0].arms(["rlsd-s0", "grpo-s0"]) == list(arms)


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


def test_an_evaluation_that_a_kill_left_out_is_made_up_for(
    loop: Opened,
) -> None:
    """Two of three iterations are there and their evaluation, due after every second, is not."""
    opened, _ = loop
    store = opened.workspace.store
    score = "small/rlsd-s0/002/benchmark_scores.greedy"
    assert store.ref(score) is None
    train_arm(opened, Display(Console(quiet=True)), "rlsd-s0", 3)
    policy = store.ref("small/rlsd-s0/002/policy")
    assert policy is not None
    assert store.ref(score).manifest.inputs["policy"] == policy.digest
    assert not opened.lacks_score("rlsd-s0", 2)


def test_an_evaluation_that_is_there_is_not_made_again(
    loop: Opened,
) -> None:
    opened, instance = loop
    train_arm(opened, Display(Console(quiet=True)), "rlsd-s0", 3)
    before = len(instance.get_runs())
    train_arm(opened, Display(Console(quiet=True)), "rlsd-s0", 3)
    # The base policy's, which is always looked up, and nothing else.
    assert len(instance.get_runs()) == before + 1
