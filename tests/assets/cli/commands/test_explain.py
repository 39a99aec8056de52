"""`rlsd explain` where nothing has changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def explain(
    run: Callable[..., Any], trained: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Asks about the second iteration of the trained home, which is only read."""
    monkeypatch.setenv("RLSD_HOME", str(trained))
    file = trained.parent / "small" / "defs.yaml"
    place = ("--arm", "rlsd-s0", "--iteration", 1)
    return lambda *options: run("explain", file, *place, *options)


def test_what_is_there_is_current_and_the_rest_is_not_spoken_of(
    explain: Callable[..., Any],
) -> None:
    answer = explain()
    assert answer.exit_code == 0, answer.error
    lines = dict(line.split(": ", 1) for line in answer.output.splitlines())
    iteration = {"rollouts", "rewards", "logprobs", "token_weights", "policy_checkpoint"}
    assert lines == dict.fromkeys({"problems", "policy", *iteration}, "current")


def test_a_stage_that_is_asked_for_is_spoken_of(explain: Callable[..., Any]) -> None:
    assert explain("--stage", "lookahead").output == "lookahead: not made yet\n"
    assert "no stage 'reward': did you mean 'rewards'?" in explain("--stage", "reward").error


def test_an_empty_store_is_named(
    run: Callable[..., Any], trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLSD_HOME", str(tmp_path))
    file = trained.parent / "small" / "defs.yaml"
    answer = run("explain", file, "--arm", "rlsd-s0", "--iteration", 1)
    where = tmp_path / "artifacts"
    assert answer.output == f"nothing of rlsd-s0, iteration 1, is stored in {where}\n"
