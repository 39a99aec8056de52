"""Whether work on a text costs what its length costs, however busy the machine is."""

import time
from collections.abc import Callable


def assert_linear(work: Callable[[str], object], text: str) -> None:
    """Ten times the length costs ten times as much; backtracking would cost a hundred times.

    Counted in this process' processor time, beneath a fiftieth of a second not at all.

    Raises:
        AssertionError: The whole text costs more than 40 times its first tenth.
    """

    def cost(given: str) -> float:
        start = time.process_time()
        work(given)
        return time.process_time() - start

    tenth = max(cost(text[: len(text) // 10]), 0.02)
    assert cost(text) < 40 * tenth
