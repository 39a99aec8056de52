"""Whether work on a text costs what its length costs, however busy the machine is."""

import gc
import time
from collections.abc import Callable


def processor_seconds(work: Callable[[str], object], text: str) -> float:
    """Processor time of work on a text in this process.

    Without the collector of garbage: a pass costs what the whole session has in memory.
    """
    gc.disable()
    try:
        start = time.process_time()
        work(text)
        return time.process_time() - start
    finally:
        gc.enable()


def assert_linear(work: Callable[[str], object], text: str) -> None:
    """Ten times the length costs ten times as much; backtracking would cost a hundred times.

    Counted in this process' processor time, beneath a fiftieth of a second not at all.

    Raises:
        AssertionError: The whole text costs more than 40 times its first tenth.
    """
    tenth = max(processor_seconds(work, text[: len(text) // 10]), 0.02)
    assert processor_seconds(work, text) < 40 * tenth
