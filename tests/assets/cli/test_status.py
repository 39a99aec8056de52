"""`rlsd status`: the progress of every arm, from the store alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Declare = Callable[..., Path]
Run = Callable[..., Any]


def test_status_before_anything_has_run(run: Run, declare: Declare, home: Path) -> None:
    answer = run("status", declare())
    assert answer.exit_code == 0
    assert answer.output.count("not started") == 2
    assert answer.error == ""
    assert not home.exists()
