"""`rlsd gc` and `rlsd restore` as a user calls them."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.cli.loop import Loop
from rlsd_pipeline.artifacts import ArtifactStore

Run = Callable[..., Any]


@pytest.fixture
def old_store(loop: tuple[Loop, object], home: Path) -> ArtifactStore:
    """The trained home's store, as it would look two days later."""
    store = ArtifactStore(home / "artifacts")
    for file in store.storage.listing(""):
        os.utime(home / "artifacts" / file.path, (time.time() - 2 * 86400,) * 2)
    return store


def test_nothing_goes_without_yes(
    old_store: ArtifactStore, declare: Callable[..., Path], run: Run
) -> None:
    before = old_store.storage.listing("")
    for options in ([], ["--dry-run"], ["--dry-run", "--yes"]):
        answer = run("gc", declare(), *options)
        assert answer.exit_code == 0
        assert "nothing is deleted: add --yes" in answer.output
        assert "optimizer state" in answer.output
    assert old_store.storage.listing("") == before


def test_optimizer_states_go_and_training_goes_on(
    old_store: ArtifactStore,
    declare: Callable[..., Path],
    run: Run,
    row_of: Callable[..., list[str]],
) -> None:
    answer = run("gc", declare(), "--yes")
    assert answer.exit_code == 0
    # Each arm has done two updates, and keeps the state of the second.
    for arm in ("grpo-s0", "rlsd-s0"):
        assert row_of(answer.output, "optimizer state", f"small/{arm}")[-2:] == ["1", "1"]
    freed = row_of(answer.output, "total")[1]
    assert f"{freed} freed" in answer.output
    policies = {k: old_store.ref(f"small/rlsd-s0/{k:03d}/policy") for k in (1, 2)}
    assert [list(p.collected) for p in policies.values()] == [["optimizer.safetensors"], []]

    assert "0 B" in run("gc", declare(), "--yes").output
    trained = run("train", declare(), "--arm", "rlsd-s0")
    assert trained.exit_code == 0
    assert old_store.ref("small/rlsd-s0/003/policy") is not None


def test_a_flag_takes_the_place_of_what_is_declared(
    old_store: ArtifactStore, declare: Callable[..., Path], run: Run
) -> None:
    answer = run("gc", declare(), "--optimizer", "all", "--checkpoints-every", 100)
    assert "optimizer state" not in answer.output
    assert "weights" in answer.output


def test_a_policy_is_restored(
    old_store: ArtifactStore, declare: Callable[..., Path], run: Run
) -> None:
    assert run("gc", declare(), "--yes", "--checkpoints-every", 100).exit_code == 0
    collected = old_store.ref("small/rlsd-s0/001/policy")
    assert sorted(collected.collected) == ["model.safetensors", "optimizer.safetensors"]
    answer = run("restore", declare(), "--arm", "rlsd-s0", "--iteration", 1)
    assert answer.exit_code == 0, answer.error
    assert "1 updates to compute again" in answer.output
    restored = old_store.ref("small/rlsd-s0/001/policy")
    assert (restored.digest, dict(restored.collected)) == (collected.digest, {})


def test_an_arm_that_is_declared_later_trains_on_from_what_was_deleted(
    declare: Callable[..., Path], run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    first, later = (
        {"name": name, "weighting": {"type": "rlsd"}, "teacher": {"type": teacher}}
        for name, teacher in (("first", "frozen"), ("later", "live"))
    )
    declared: dict[str, Any] = {
        "iterations": 2,
        "retention": {"checkpoints": {"every": 100}, "in_training": 2},
    }
    seldom, often = (
        {"every": every, "benchmarks": [{"type": "heldout", "name": "greedy"}]}
        for every in (100, 1)
    )
    file = declare(**declared, arms=[first], evaluation=seldom)
    assert run("train", file).exit_code == 0
    file = declare(**declared, arms=[first, later], evaluation=often)
    answer = run("train", file, "--arm", "later-s0")
    assert answer.exit_code == 0, answer.error
    # A score is no reason to compute an update again.
    assert "later-s0: model.safetensors of policy_checkpoint" in answer.output
    assert (
        "policy 001 of later-s0 is computed again: its optimizer state and weights had been deleted"
    ) in caplog.messages


def test_what_is_young_is_spared(loop: Any, declare: Callable[..., Path], run: Run) -> None:
    assert "optimizer state" not in run("gc", declare(), "--yes").output


@pytest.mark.parametrize(("age", "message"), [("30m", "an hour is the least"), ("soon", "90m")])
def test_an_age_that_would_endanger_a_training_is_refused(
    age: str, message: str, run: Run, declare: Callable[..., Path]
) -> None:
    answer = run("gc", declare(), "--older-than", age)
    assert answer.exit_code == 1
    assert message in answer.error
