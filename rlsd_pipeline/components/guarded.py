"""Turns an exception of a user's code into one message with the file, the line and the place."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlsd_pipeline.errors import ComponentError, RlsdError

if TYPE_CHECKING:
    from rlsd_pipeline.components.component import Component


@contextmanager
def guarded(component: Component, doing: str) -> Iterator[None]:
    """Run a component's method; an exception of a user's code names its file and line.

    Args:
        component: The component whose method runs. Exceptions of a built-in one pass unchanged.
        doing: What it does, such as `problem easy-17`.

    Raises:
        ComponentError: A user's component raised something else than an error of this library.
    """
    try:
        yield
    except RlsdError:
        raise
    except Exception as error:
        origin = component.origin
        if origin is None:
            raise
        what = f"{component.component_kind} `{origin.name}`, {doing}"
        raise ComponentError(raised_in(error, what, origin.file)) from error


def refused(
    component: Component, doing: str, problem: str, method: Callable[..., Any] | None = None
) -> ComponentError:
    """The error that says what is wrong with what a component gave.

    Args:
        component: The component whose method returned it.
        doing: What it did, such as `problem easy-17`.
        problem: What was found, and what is to be done.
        method: That method, where its line is to be told beside its file.
    """
    origin = component.origin
    name = type(component).__name__ if origin is None else origin.name
    where = f" ({origin.file})" if origin is not None and origin.file is not None else ""
    if (code := getattr(inspect.unwrap(method), "__code__", None) if method else None) is not None:
        where = f" ({code.co_filename}, line {code.co_firstlineno})"
    return ComponentError(f"{component.component_kind} `{name}`, {doing}: {problem}{where}")


def raised_in(error: Exception, doing: str, file: Path | None = None) -> str:
    """The message of an exception, with the raising code and its line.

    Args:
        error: What was raised.
        doing: What was being done.
        file: The line told is the last in this file; else, the last of all.
    """
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        return (
            f"{doing}: {type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})"
        )
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file is None or frame.filename == str(file)] or frames
    where = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
    return f"{doing}: {said}{where}"
