"""`rlsd status`: the progress of every arm, from the store alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.artifacts import ArtifactStore
from schemas import Reward

Declare = Callable[..., Path]
Run = Callable[..., Any]


def test_status_before_anything_has_run(run: Run, declare: Declare, home: Path) -> None:
    answer = run("status", declare())
    assert answer.exit_code == 0
    assert answer.output.count("not started") == 2
    assert answer.error == ""
    assert not home.exists()


def test_the_reward_is_that_of_the_last_iteration(
    run: Run, row_of: Callable[..., list[str]], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLSD_HOME", str(trained))
    answer = run("status", trained.parent / "small" / "defs.yaml")
    assert answer.exit_code == 0, answer.error
    store = ArtifactStore(trained / "artifacts")
    for arm in ("grpo-s0", "rlsd-s0"):
        rewards, policy = (store.ref(f"small/{arm}/{of}") for of in ("001/rewards", "002/policy"))
        assert rewards is not None
        assert policy is not None
        given = rewards.table(Reward)["reward"].to_pylist()
        row = row_of(answer.output, arm)
        assert row == [arm, "2 of 3", "-", f"{sum(given) / 16:.3f}", policy.digest[:12]]
