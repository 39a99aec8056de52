"""Work that workers import by name."""

import os
import signal
import time
from collections.abc import Callable

from rlsd_pipeline.models.policy import Policy


def die(policy: Policy, piece: str, advance: Callable[[int], None]) -> str:
    """End the process that is asked for an ill piece."""
    if piece == "ill":
        os.kill(os.getpid(), signal.SIGKILL)
    return piece


def wait(policy: Policy, piece: float, advance: Callable[[int], None]) -> float:
    """Take so many seconds."""
    time.sleep(piece)
    advance(1)
    return piece
