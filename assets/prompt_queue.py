"""The daemon's look at the queue of runs: soon after a run came in, otherwise seldom.

A look asks the database several questions: looking often enough that nobody waits costs an idle UI
several percent of a core. Dagster has no setting by which page and sensors tell the daemon.
"""

import time
from collections.abc import Generator
from typing import Any

from assets.dagster_private import QueuedRunCoordinatorDaemon
from assets.queue_sign import told_at

GLANCE_SECONDS = 0.5
"""Between two glances at a file's time, which cost nothing; the wait within Dagster's loop."""


class PromptQueueDaemon(QueuedRunCoordinatorDaemon):
    """Dagster's queue daemon, which also looks as soon as a run is queued.

    Args:
        interval_seconds: Longest time between two looks; a run that ends makes room for
            the next without a signal.
    """

    def __init__(self, interval_seconds: float) -> None:
        super().__init__(GLANCE_SECONDS)
        self._longest = interval_seconds
        self._told, self._due = 0, 0.0

    def run_iteration(
        self, workspace_process_context: Any, *others: Any, **named: Any
    ) -> Generator[Any, None, None]:
        """See `QueuedRunCoordinatorDaemon`."""
        told, now = told_at(workspace_process_context.instance), time.monotonic()
        if told == self._told and now < self._due:
            return
        self._told, self._due = told, now + self._longest
        yield from super().run_iteration(workspace_process_context, *others, **named)
