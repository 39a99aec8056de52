"""The numbers of seeds that would decide the differences that the results leave open."""

import math
from collections.abc import Sequence

from rlsd_pipeline.statistics.intervals import STUDENT
from rlsd_pipeline.statistics.seed_power import MOST_SEEDS, seeds_needed
from schemas import MethodResult

_PROBABILITY = 0.8


def undecided_notes(results: Sequence[MethodResult], compared: str, confidence: float) -> list[str]:
    """How many seeds would show the differences that are not significant; a note a benchmark.

    Each is taken to be as large as it was estimated, and to be compared among as many as here, at
    the level that Holm's correction asks of the first. Those over questions have no seeds to count.

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
        level = (1 - confidence) / max(1, len(others))
        found = [
            f"{line.method} {_seeds(line, seeds, level)}"
            for line in others
            if line.difference is not None
            and line.difference.test == STUDENT
            and (line.difference.p_corrected or 0) >= 1 - confidence
        ]
        if found:
            notes.append(
                f"{benchmark}: not decided against {compared}. Were a difference as estimated, so "
                f"many seeds would show it with probability {_PROBABILITY:g}: {', '.join(found)}. "
                "Few seeds estimate this roughly: `rlsd power` says how roughly, and what a "
                "difference of your own takes."
            )
    return notes


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
