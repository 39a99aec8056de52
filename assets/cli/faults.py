"""Error messages of faults outside a command: one message, with what to do.

Code that detects a mistake raises an `RlsdError`. This module covers faults that can strike
anywhere (a full disk, too little memory, a locked database), and unforeseen exceptions.
"""

import errno
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from rlsd_pipeline.errors import RlsdError

TRACEBACK = "RLSD_TRACEBACK"
"""Set to anything, a failed command shows Python's traceback above its message."""

UNFORESEEN = 70
"""Exit code of an error that has no message of its own (EX_SOFTWARE of sysexits.h)."""

_KEPT = "Whatever is complete is kept: the same command goes on from there."


class UnforeseenError(click.ClickException):
    """An error that no part of the program expected."""

    exit_code = UNFORESEEN


class Commands(click.Group):
    """A group of commands that end in one message whatever goes wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        if sys.stdout is None:  # The caller closed it: Python then has none.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
            click.echo("standard output is closed: what is printed there is not shown", err=True)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (BrokenPipeError, SystemExit):
            raise
        # Dagster's interruption of a step is no Exception.
        except BaseException as error:
            if os.environ.get(TRACEBACK):
                traceback.print_exception(error)
            raise told(error) from error


def told(error: BaseException) -> click.ClickException:
    """The message of an error: its own, that of what caused it, or where it came from."""
    if isinstance(error, RlsdError):
        return click.ClickException(str(error))
    caused, around = list(_causes(error)), list(_surroundings(error))
    for one in caused:
        if isinstance(one, click.ClickException):
            return one
    # What a full disk or memory does to one part strikes others while they clean up after it. Of
    # everything else, only what an error was raised from explains it: what was being handled when
    # a mistake of ours came up does not.
    for rule, errors in [(_disk, around), (_memory, around), *((r, caused) for r in _RULES)]:
        for one in errors:
            if (message := rule(one)) is not None:
                return click.ClickException(message)
    return UnforeseenError(_unforeseen(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it was raised from, step by step."""
    while error is not None:
        yield error
        error = error.__cause__


def _surroundings(error: BaseException) -> Iterator[BaseException]:
    """An error, its cause, and the error that was handled when it was raised."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [e for e in (one.__context__, one.__cause__) if e is not None]


def _own(error: BaseException) -> str | None:
    return str(error) if isinstance(error, RlsdError) else None


def _interrupted(error: BaseException) -> str | None:
    named = type(error).__name__ == "DagsterExecutionInterruptedError"
    return f"interrupted. {_KEPT}" if named or isinstance(error, KeyboardInterrupt) else None


def _stage(error: BaseException) -> str | None:
    match type(error).__name__:
        case "DagsterAssetCheckFailedError":
            return f"a check failed and stopped what follows: {error}"
        case "Failure" if type(error).__module__.startswith("dagster"):
            return str(getattr(error, "description", None) or error)
    return None


def _memory(error: BaseException) -> str | None:
    text = str(error)
    # torch has a class of its own for accelerators alone.
    small = any(words in text.lower() for words in _MEMORY_WORDS)
    strikes = isinstance(error, RuntimeError | OSError | ImportError)
    if isinstance(error, MemoryError) or (strikes and small):
        return (
            f"there is too little memory{_quoted(text)}. Lower `engine.batch_prompts`, "
            "`update.micro_batch_tokens` or `compute.processes`; `rlsd plan` says what the "
            f"experiment takes. {_KEPT}"
        )
    return None


_MEMORY_WORDS = ("allocate memory", "out of memory", "failed to map segment")


def _disk(error: BaseException) -> str | None:
    full = isinstance(error, OSError) and error.errno in _FULL
    # Arrow, safetensors and SQLite raise classes of their own.
    if full or any(words in str(error) for words in _FULL_WORDS):
        return (
            f"no room is left to write{_place(error)}. Free some (`rlsd gc` lists what the store "
            f"need not keep), or let RLSD_HOME and RLSD_STORE name a larger disk. {_KEPT}"
        )
    return None


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("No space left on device", "database or disk is full", "Disk quota exceeded")


def _database(error: BaseException) -> str | None:
    """SQLite is nowhere but in Dagster's folder: the artifacts are files."""
    if not isinstance(error, sqlite3.Error):
        return None
    folder = os.environ.get("DAGSTER_HOME", "")
    text = str(error)
    if "locked" in text:
        return (
            f"Dagster's history in {folder} is locked by another process ({text}). Wait until that "
            f"process is done, or end it, and call again. {_KEPT}"
        )
    if any(words in text for words in ("readonly", "unable to open", "disk I/O")):
        return (
            f"Dagster's history in {folder} cannot be read or written ({text}). Mend the disk, "
            "give the folder to this user, or let RLSD_HOME or DAGSTER_HOME name another."
        )
    return (
        f"Dagster's history in {folder} is damaged ({text}). Move {folder}/history away and call "
        "again: a new one is begun, and the artifacts, which are all in the store, are entered "
        "there without being computed again."
    )


def _file(error: BaseException) -> str | None:
    if not isinstance(error, OSError) or isinstance(error, BrokenPipeError):
        return None
    hint = _HINTS.get(error.errno or 0, "Correct it and call again.")
    said = error.strerror or str(error) or type(error).__name__
    return f"{said}{_place(error)}. {hint}"


_HINTS = {
    errno.EACCES: "Give it to this user, or let RLSD_HOME and RLSD_STORE name another folder.",
    errno.EPERM: "Give it to this user, or let RLSD_HOME and RLSD_STORE name another folder.",
    errno.EROFS: "Let RLSD_HOME and RLSD_STORE name a folder that can be written.",
    errno.ENAMETOOLONG: "Give it a shorter name.",
    errno.ENOTDIR: "A folder is needed there, and a file is in its place: move the file away.",
    errno.EEXIST: "A folder is needed there, and a file is in its place: move the file away.",
    errno.EISDIR: "A file is needed there, and a folder is in its place: move the folder away.",
    errno.ELOOP: "Links there lead in a circle: remove one of them.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n) and call again.",
}


def _user(error: BaseException) -> str | None:
    """The message for a home folder that Python cannot find: `~name`, or an unknown user id."""
    text = str(error)
    if "determine home directory" in text or "uid not found" in text:
        return (
            f"a path begins with `~`, and the home folder that it means is not known ({text}): "
            "write the path out, or set HOME"
        )
    return None


_RULES: tuple[Callable[[BaseException], str | None], ...] = (
    _own,
    _interrupted,
    _stage,
    _database,
    _file,
    _user,
)


def _place(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    return f" {os.fspath(name)!r}" if isinstance(name, str | Path) else ""


def _quoted(text: str) -> str:
    first = text.strip().split("\n", 1)[0]
    return f" ({first[:200]})" if first else ""


def _unforeseen(error: BaseException) -> str:
    said = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    kept = _kept_traceback(error)
    found = f"The traceback is in {kept}." if kept else f"{TRACEBACK}=1 shows the traceback."
    return f"not foreseen, please report it: {said}{where}. {found} {_KEPT}"


def _kept_traceback(error: BaseException) -> Path | None:
    """A training of hours need not fail twice to be understood."""
    from rlsd_pipeline.home import home

    try:
        folder = home() / "tracebacks"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.txt"
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return None
    return path
