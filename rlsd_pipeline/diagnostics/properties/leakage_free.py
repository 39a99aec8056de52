"""Leakage-free training: mentions of the reference do not become more frequent."""

from collections.abc import Sequence

import numpy as np

from rlsd_pipeline.diagnostics.properties.recording import (
    LeakCount,
    PropertyResult,
    RunRecording,
    SeedOutcome,
    decide,
    seed_level,
)
from rlsd_pipeline.statistics.intervals import (
    DIFFERENCE,
    all_equal,
    mean_interval,
    wilson_share,
    within,
)
from schemas import Interval


def leakage_free(
    recordings: Sequence[RunRecording], *, tolerance: float = 0.05, confidence: float = 0.95
) -> PropertyResult:
    """Whether training leaves the share of leaking responses where it was.

    The rise is the share at the end minus the share at the start. The property holds if the upper
    end of its interval is below `tolerance` and fails if the lower end is above it. It is about
    what training adds: a base policy that leaks and goes on leaking is free of leakage by this
    definition, so read the two shares in the evidence too.

    Within a seed, the interval is Newcombe's for a difference of independent shares. Over the
    seeds, it is the wider of that for the counts taken together and of Student's over the seeds'
    rises: the first alone ignores that seeds differ, the second says nothing where all are equal,
    such as where nothing leaked.

    Args:
        recordings: One for each seed.
        tolerance: The largest rise that counts as none, as a share of the responses.
        confidence: Confidence of the intervals.

    Returns:
        Pooled is `rise`. A seed without both counts is None.

    Raises:
        ValueError: There is no recording.
    """
    level = seed_level(recordings, confidence)
    seeds = tuple(_outcome(recording, tolerance, 1 - level) for recording in recordings)
    counted = [counts for run in recordings if (counts := _counts(run)) is not None]
    pooled = {"rise": _pool(counted, confidence)} if counted else {}
    return PropertyResult(
        name="leakage-free training",
        holds=decide(seeds, _judge(pooled["rise"], tolerance) if counted else None),
        definition=(
            "The share of responses that leak, at the end minus at the start, is below "
            f"{tolerance:g} at {confidence:.0%} confidence."
        ),
        seeds=seeds,
        pooled=pooled,
    )


def share_rise(start: LeakCount, end: LeakCount, confidence: float) -> Interval:
    """Difference of two independent shares with Newcombe's interval.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent
    proportions" (1998), method 10.
    """
    first = wilson_share(start.leaked, start.responses, confidence)
    second = wilson_share(end.leaked, end.responses, confidence)
    rise = second.value - first.value
    below = np.hypot(second.value - second.low, first.high - first.value)
    above = np.hypot(second.high - second.value, first.value - first.low)
    return within(rise, (rise - below, rise + above))


def _counts(recording: RunRecording) -> tuple[LeakCount, LeakCount] | None:
    start, end = recording.leak_start, recording.leak_end
    if start is None or end is None or not (start.responses and end.responses):
        return None
    return start, end


def _outcome(recording: RunRecording, tolerance: float, confidence: float) -> SeedOutcome:
    counts = _counts(recording)
    if counts is None:
        return SeedOutcome(recording.arm, None, "leaks were not counted at both ends")
    start, end = counts
    rise = share_rise(start, end, confidence)
    evidence = {
        "start": start.leaked / start.responses,
        "end": end.leaked / end.responses,
        "rise": rise.value,
        "rise_low": rise.low,
        "rise_high": rise.high,
    }
    holds = _judge(rise, tolerance)
    reasons = {True: "no rise", False: "a rise beyond the tolerance", None: "too few responses"}
    return SeedOutcome(recording.arm, holds, reasons[holds], evidence)


def _judge(rise: Interval, tolerance: float) -> bool | None:
    if rise.high < tolerance:
        return True
    return False if rise.low > tolerance else None


def _pool(counts: Sequence[tuple[LeakCount, LeakCount]], confidence: float) -> Interval:
    start, end = (
        LeakCount(sum(c.leaked for c in column), sum(c.responses for c in column))
        for column in zip(*counts, strict=True)
    )
    together = share_rise(start, end, confidence)
    rises = np.array([e.leaked / e.responses - s.leaked / s.responses for s, e in counts])
    if all_equal(rises):
        return together
    seeds = mean_interval(rises, confidence, DIFFERENCE)
    return within(seeds.value, (min(together.low, seeds.low), max(together.high, seeds.high)))
