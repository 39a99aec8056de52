"""Puts the pipeline's own message at the top of a failed run's page."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from rlsd_pipeline.errors import RlsdError


@contextmanager
def own_message_first() -> Iterator[None]:
    """Let Dagster show what an error of this library says, and its traceback below.

    Raises:
        dagster.Failure: Says what the error says.
    """
    try:
        yield
    except RlsdError as error:
        raise dg.Failure(str(error), metadata={"kind": type(error).__name__}) from error


def own_error(failure: dg.Failure) -> RlsdError | None:
    """The error of this library behind a failure; None without one."""
    cause = failure.__cause__
    return cause if isinstance(cause, RlsdError) else None
