"""`rlsd diagnose`: what was recorded, and the information gap where it is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Declare = Callable[..., Path]
Run = Callable[..., Any]
RowOf = Callable[..., list[str]]


def test_what_was_recorded_is_told(run: Run, row_of: RowOf, file: Path) -> None:
    answer = run("diagnose", file)
    assert answer.exit_code == 0, answer.error
    for title in ("objective stability", "sustained improvement", "leakage-free training"):
        assert f"Property: {title}" in answer.output
    dynamics = answer.output.partition("Entropy, length and distance")[2]
    assert row_of(dynamics.partition("Early answers")[0], "grpo")[4] == "-"
    assert "Effect of the reference" not in answer.output


def test_the_information_gap_is_measured_on_request(run: Run, row_of: RowOf, file: Path) -> None:
    answer = run("diagnose", file, "--arm", "rlsd-s0", "--iteration", "1")
    assert answer.exit_code == 0, answer.error
    table = answer.output.partition("Effect of the reference on the teacher")[2]
    assert row_of(table, "rlsd-s0")[1] == "1"


def test_nothing_to_diagnose_yet(run: Run, declare: Declare) -> None:
    answer = run("diagnose", declare())
    assert answer.exit_code == 0, answer.error
    assert "has recorded nothing yet: rlsd train" in answer.output
