"""The numbers of seeds that would decide the differences that the results leave open."""

import math
from collections.abc import Sequence

from rlsd_pipeline.statistics.intervals import STUDENT
from rlsd_pipeline.statistics.paired import rejects
from rlsd_pipeline.statistics.seed_power import MOST_SEEDS, seeds_needed
from schemas import MethodResult

_PROBABILITY = 0.8


def undecided_notes(results: Sequence[MethodResult], compared: str, confidence: float) -> list[str]:
    """How many seeds would show the differences that are not significant; a note a benchmark.

    Each is taken to be as large as it was estimated, and tested at the level at which Holm's
    correction, which has rejected the decided differences, tests the next one: the level of the
    table over the number of open differences. Those over questions have no seeds to count.

    Args:
        results: The table.
        compared: The method that the others are compared with.
        confidence: Confidence of the intervals; its rest is the level of the tests.
    """
    notes = []
    for benchmark in dict.fromkeys(line.benchmark for line in results):
        lines = [line for line in results if line.benchmark == benchmark]
        seeds = next((set(line.seeds) for line in lines if line.method == compared), set())
        others = [line for line in lines if line.difference is not None]
        still_open = [line for line in others if _is_open(line, confidence)]
        level = (1 - confidence) / max(1, len(still_open))
        reason = _level_reason(level, len(still_open), len(others) - len(still_open))
        found = [
            f"{line.method} {_seeds(line, seeds, level)}"
            for line in still_open
            if line.difference is not None and line.difference.test == STUDENT
        ]
        if found:
            notes.append(
                f"{benchmark}: not decided against {compared}. Seeds that show a difference of "
                f"the estimated size with probability {_PROBABILITY:g} at level {level:.2g}: "
                f"{', '.join(found)}. {reason}"
                "Few seeds estimate this roughly: `rlsd power` says how roughly, and what a "
                "difference of your own takes."
            )
    return notes


def _is_open(line: MethodResult, confidence: float) -> bool:
    found = line.difference
    return found is not None and not rejects(found.p_corrected or 0, confidence)


def _level_reason(level: float, still_open: int, decided: int) -> str:
    """Why the level is not that of the table; empty where it is."""
    if still_open == 1:
        return ""
    after = f"with {decided} decided, " if decided else ""
    return (
        f"That level is {level * still_open:.2g} / {still_open}: {after}Holm's correction asks it "
        f"of the smallest p of the {still_open} that are open. "
    )


def _seeds(line: MethodResult, compared: set[int], level: float) -> str:
    """The seeds for a line's own difference, from the t statistic of its p-value."""
    from scipy import stats

    assert line.difference is not None
    pairs = len(compared & set(line.seeds))
    if pairs < 2:
        return "unknown"
    t = float(stats.t.isf(line.difference.p_value / 2, pairs - 1))
    needed = seeds_needed(t / math.sqrt(pairs), _PROBABILITY, level)
    return f"over {MOST_SEEDS:,}" if needed is None else f"{needed:,}"
