"""Runs of accelerate's tracker classes."""

from __future__ import annotations

from typing import Any

STEP = "iteration"


class AccelerateRun:
    """See `OpenRun`.

    Args:
        tracker: An object of accelerate's tracker class, started.
        options: What it is given with every log.
    """

    def __init__(self, tracker: Any, options: dict[str, Any] | None = None) -> None:
        self._tracker = tracker
        self._options = options or {}

    def log(self, metrics: dict[str, float], iteration: int) -> None:
        """See `OpenRun`."""
        self._tracker.log(metrics, step=iteration, **self._options)

    def finish(self) -> None:
        """See `OpenRun`."""
        self._tracker.finish()


class AnyOrderRun(AccelerateRun):
    """Its own steps must rise, and an old policy may be evaluated late: the iteration is a metric.

    Everything is then drawn against it.
    """

    def log(self, metrics: dict[str, float], iteration: int) -> None:
        """See `OpenRun`."""
        self._tracker.log({**metrics, STEP: iteration})


def prepare() -> None:
    """Set up the state that accelerate's trackers need; it starts no distributed launch."""
    from accelerate import PartialState

    PartialState()
