"""`rlsd values`: what it takes, and that it is measured once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.assets import homes


def test_values_are_measured_once(
    run: Callable[..., Any], trained: Path, home: Path, declare: Callable[..., Path]
) -> None:
    homes.copy(trained, home)
    file = declare(token_values={"continuations": 2, "places": {"per_response": 2}})
    first = run("values", file, "--arm", "grpo-s0", "--iteration", 0)
    assert first.exit_code == 0, first.error
    cost, _, tables = first.output.partition("credit fidelity: ")
    assert "continuations" in cost
    assert "2 continuations each" in tables
    again = run("values", file, "--arm", "grpo-s0", "--iteration", 0)
    before, _, same = again.output.partition("credit fidelity: ")
    assert before == ""
    assert same == tables
