"""`rlsd report`: one file, and whose tokens it shows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from assets.cli.commands.report import _place
from assets.cli.loop import Loop, open_instance
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.progress import Silent
from tests.assets.cli.refusals import refused_of

Declare = Callable[..., Path]
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def undrawn() -> None:
    """Pictures are drawn here."""


def test_a_report_is_one_file_and_says_its_size(run: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    answer = run("report", file, "--out", out)
    assert answer.exit_code == 0, answer.error
    assert "reading what the arms recorded" in answer.output
    assert list(out.parent.iterdir()) == [out]
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    size = f"{len(page.encode()) / 1e6:.2f} MB"
    assert f"{out} ({size}, " in " ".join(answer.output.split())
    for section in ("summary", "curves", "tokens", "comparison", "diagnostics", "settings"):
        assert f'id="{section}"' in page


def test_a_report_of_an_experiment_that_has_not_begun(
    run: Run, declare: Declare, home: Path
) -> None:
    file = declare()
    answer = run("report", file)
    assert answer.exit_code == 0, answer.error
    assert (home / "reports" / "small.html").is_file()
    said = refused_of(run("report", file, "--iteration", "1"))
    assert "--iteration needs --arm here: no arm with a teacher has run" in said


@pytest.fixture
def loop(file: Path) -> Iterator[Loop]:
    with open_instance() as instance:
        yield Loop(file, instance, Silent())


def test_a_report_shows_tokens_that_a_teacher_scored(loop: Loop) -> None:
    # Iteration 10 unless told otherwise, or the last declared; that has not run, so the first.
    chosen = [_place(loop, None, None), _place(loop, None, 1), _place(loop, "grpo-s0", 1)]
    places = [(place.arm.name, place.iteration) for place in chosen if place]
    assert places == [("rlsd-s0", 0), ("rlsd-s0", 1), ("grpo-s0", 1)]


def test_a_report_shows_the_iteration_that_was_asked_for_or_none(loop: Loop) -> None:
    with pytest.raises((click.ClickException, RlsdError)):
        _place(loop, None, 2)
