"""What commands that read an arm's iteration say where it is not there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.assets.cli.refusals import refused_of

Run = Callable[..., Any]


@pytest.mark.parametrize("command", ["compare", "report", "diagnose"])
def test_an_unknown_arm_is_named(run: Run, file: Path, command: str) -> None:
    said = refused_of(run(command, file, "--arm", "rlds-s0", "--iteration", "0"))
    assert said == "Error: small has no arm 'rlds-s0'; it has grpo-s0, rlsd-s0"


@pytest.mark.parametrize("command", ["compare", "report", "diagnose"])
def test_an_iteration_that_has_not_run_is_named(run: Run, file: Path, command: str) -> None:
    said = refused_of(run(command, file, "--arm", "rlsd-s0", "--iteration", "2"))
    assert "there is no artifact small/rlsd-s0/002/" in said
    assert "there first" in said
    said = refused_of(run(command, file, "--arm", "rlsd-s0", "--iteration", "4"))
    assert said.startswith("Error: small has the iterations 0 to 2, and not 4")


@pytest.mark.parametrize("command", ["compare", "report"])
def test_the_last_policy_has_no_rollouts(run: Run, file: Path, command: str) -> None:
    """There are three updates, so the policy after the third is sampled from by nobody."""
    said = refused_of(run(command, file, "--arm", "rlsd-s0", "--iteration", "3"))
    assert said.startswith("Error: ")
