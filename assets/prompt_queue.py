"""The daemon's look at the queue of runs: soon after a run came in, otherwise seldom.

A look asks the database several questions: looking often enough that nobody waits costs an idle UI
several percent of a core. Dagster has no setting by which page and sensors tell the daemon.
"""

import time
from collections.abc import Generator
from itertools import count
from typing import Any

from assets.dagster_private import QueuedRunCoordinatorDaemon
from assets.queue_sign import sign_of, told_at

GLANCE_SECONDS = 0.02
"""Between two glances at a file's time; fifty a second cost two thousandths of a core."""
_GLANCES = 25
"""Until Dagster sees to its heartbeat, and whether it is to end."""


class PromptQueueDaemon(QueuedRunCoordinatorDaemon):
    """Dagster's queue daemon, which also looks as soon as a run is queued.

    It waits within a turn of Dagster's loop, whose own wait is half a second at least.

    Args:
        interval_seconds: Longest time between two looks; a run that ends makes room for
            the next without a signal.
    """

    def __init__(self, interval_seconds: float) -> None:
        super().__init__(0)
        self._longest = interval_seconds
        self._told, self._due = 0, 0.0

    def run_iteration(
        self, workspace_process_context: Any, *others: Any, **named: Any
    ) -> Generator[Any, None, None]:
        """See `QueuedRunCoordinatorDaemon`."""
        sign = sign_of(workspace_process_context.instance)
        for glance in count(1):
            told = told_at(sign)
            if told != self._told or time.monotonic() >= self._due:
                break
            time.sleep(GLANCE_SECONDS)
            if glance % _GLANCES == 0:
                yield None
        self._told, self._due = told, time.monotonic() + self._longest
        yield from super().run_iteration(workspace_process_context, *others, **named)
