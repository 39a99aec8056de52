"""The loop in one process: what Dagster then knows, what is computed twice, and what is done."""

import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import StaleStatus

import rlsd_pipeline.models.pool
from assets.cli.loop import Loop, number_of
from assets.recovery import HOST_TAG, PROCESS_TAG
from assets.stages.cells import digits
from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.stages.registry import ITERATION_STAGES
from schemas import Reward
from tests.assets.materialized import Known, Opened, events, newest, stale
from tests.iterated import iterate


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


@pytest.mark.parametrize(
    ("value", "shown"), [(1456.2, "1,456"), (12.34, "12.3"), (3.2e-5, "3.2e−5"), (-2, "−2")]
)
def test_a_shown_number_is_read_again(value: float, shown: str) -> None:
    assert digits(value) == shown
    assert number_of(shown) == pytest.approx(value, rel=0.01)
