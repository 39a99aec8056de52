"""What a command says of a fault, and that it does not hide a mistake of the program."""

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from dagster._core.errors import DagsterExecutionInterruptedError

from assets.cli.faults import TRACEBACK, UNFORESEEN, Commands
from rlsd_pipeline.errors import DataError


def raised(error: BaseException, cause: BaseException | None = None) -> Result:
    """What a command that fails in this way says."""
    commands = Commands()

    @commands.command()
    def fail() -> None:
        raise error from cause

    return CliRunner().invoke(commands, ["fail"])


def os_error(number: int) -> OSError:
    return OSError(number, "strerror", "/some/file")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DataError("row 7 is empty"), "Error: row 7 is empty\n"),
        (os_error(errno.ENOSPC), "no room is left to write '/some/file'"),
        (os_error(errno.EFBIG), "no room is left to write"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "no room is left"),
        (sqlite3.OperationalError("database or disk is full"), "no room is left to write"),
        (sqlite3.OperationalError("database is locked"), "is locked by another process"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "cannot be read or"),
        (sqlite3.DatabaseError("database disk image is malformed"), "is damaged"),
        (MemoryError(), "there is too little memory. Lower `engine.batch_prompts`"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 7 bytes"), "too little memory"),
        (ImportError("lib.so: failed to map segment from shared object"), "too little memory"),
        (os_error(errno.EROFS), "name a folder that can be written"),
        (os_error(errno.ELOOP), "Links there lead in a circle"),
        (RuntimeError("Could not determine home directory."), "a path begins with `~`"),
        (KeyboardInterrupt(), "interrupted. Whatever is complete is kept"),
        (DagsterExecutionInterruptedError(), "interrupted. Whatever is complete is kept"),
    ],
)
def test_a_fault_is_told_in_one_message(error: BaseException, said: str) -> None:
    result = raised(error)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


def test_the_cause_is_told() -> None:
    result = raised(RuntimeError("a stage failed"), cause=DataError("row 7 is empty"))
    assert result.stderr == "Error: row 7 is empty\n"


def test_an_error_of_ours_is_told_in_its_own_words() -> None:
    result = raised(DataError("/a cannot be written: pass --out"), cause=os_error(errno.ENOSPC))
    assert result.stderr == "Error: /a cannot be written: pass --out\n"


def test_a_full_disk_is_told_whatever_followed_from_it() -> None:
    def fail() -> None:
        try:
            raise os_error(errno.ENOSPC)
        except OSError:
            raise sqlite3.OperationalError("disk I/O error")  # noqa: B904

    assert "no room is left" in said_of(fail)


def test_a_mistake_of_the_program_is_not_taken_for_what_it_was_handling() -> None:
    def fail() -> None:
        try:
            raise DataError("row 7 is empty")
        except DataError:
            {}["absent"]

    assert "not foreseen, please report it: KeyError: 'absent'" in said_of(fail)


def said_of(fail: Callable[[], None]) -> str:
    commands = Commands()
    commands.add_command(click.Command("fail", callback=fail))
    return CliRunner().invoke(commands, ["fail"]).stderr


def test_the_unforeseen_keeps_its_traceback(home: Path) -> None:
    result = raised(KeyError("absent"))
    assert result.exit_code == UNFORESEEN
    (kept,) = (home / "tracebacks").iterdir()
    assert str(kept) in result.stderr
    assert "in fail" in kept.read_text()
    assert "Traceback" not in result.stderr


def test_a_traceback_is_shown_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRACEBACK, "1")
    for error in (KeyError("absent"), DataError("row 7 is empty")):
        assert "Traceback (most recent call last)" in raised(error).stderr
