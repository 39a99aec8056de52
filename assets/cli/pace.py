"""Limits the share of time that a display task takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Pace:
    """Says when a task may run again: at first at once, then so that it takes `share` of the time.

    Args:
        share: The largest share of the time; in (0, 1].
        clock: Seconds that only grow.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share, self._clock = share, clock
        self._next = clock()

    @property
    def is_due(self) -> bool:
        """Whether the task may run now."""
        return self._clock() >= self._next

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Around the task: what it took decides when it is due again."""
        started = self._clock()
        try:
            yield
        finally:
            ended = self._clock()
            self._next = ended + (ended - started) * (1 / self._share - 1)
