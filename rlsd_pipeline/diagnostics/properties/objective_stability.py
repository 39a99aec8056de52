"""Objective stability: no spikes, and no growing away from the teacher."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from rlsd_pipeline.diagnostics.properties.recording import (
    PropertyResult,
    RunRecording,
    SeedOutcome,
    decide,
    seed_level,
)
from rlsd_pipeline.statistics.intervals import mean_interval

_PER_BLOCK = 4


def objective_stability(
    recordings: Sequence[RunRecording],
    *,
    warmup: float = 0.1,
    spike: float = 10.0,
    reach: int = 4,
    rebound: float = 0.25,
    blocks: int = 5,
    confidence: float = 0.95,
) -> PropertyResult:
    """Whether the objective of a method stays calm and its distance to the teacher stays down.

    After the warm-up, (a) every value of the objective is finite and within `spike` robust
    standard deviations of the median of its neighbours, `reach` before and `reach` after it; a
    robust standard deviation is 1.4826 times the median absolute deviation of these residuals, and
    at least 0.001 of the median size of the objective. And (b), with the divergence cut into
    `blocks` equal blocks, the mean of the last block lies above the lowest one by no more than the
    fraction `rebound`.

    A seed fails (b) only if the rebound is beyond what the scatter inside the blocks explains (a
    one-sided test against each earlier block, corrected for their number and for the seeds). Over
    the seeds, the interval of the mean rebound must end below `rebound`, so one seed tells nothing.

    Args:
        recordings: One for each seed.
        warmup: Part of the iterations left out at the start.
        spike: Robust standard deviations beyond which a value is a spike.
        reach: Neighbours on either side that a value is compared with.
        rebound: The largest tolerated rise above the own minimum, as a fraction of it.
        blocks: Blocks the divergence is cut into.
        confidence: Confidence of the tests and the interval.

    Returns:
        Pooled is `rebound`. A seed with fewer than 4 iterations a block after the warm-up is None,
        and so is one without a recorded divergence, unless it has a spike.

    Raises:
        ValueError: There is no recording, a divergence is negative, or `reach` does not fit
            three times into the iterations the blocks need.
    """
    if not 0 < 3 * reach < blocks * _PER_BLOCK:
        raise ValueError(f"reach must be above 0 and at most {blocks * _PER_BLOCK // 3}: {reach}")
    level = seed_level(recordings, confidence)

    def outcome(recording: RunRecording) -> SeedOutcome:
        objective = _after_warmup(recording.objective, warmup)
        divergence = _after_warmup(recording.divergence, warmup)
        if (divergence < 0).any():
            raise ValueError(f"{recording.arm}: a divergence is negative; pass k3 in k1's place")
        if len(objective) < blocks * _PER_BLOCK:
            short = f"{len(objective)} iterations after the warm-up; {blocks * _PER_BLOCK} needed"
            return SeedOutcome(recording.arm, None, short)
        largest = _largest_excursion(objective, reach)
        evidence = {"largest_excursion": largest}
        if largest > spike:
            return SeedOutcome(recording.arm, False, "the objective has a spike", evidence)
        if len(divergence) < blocks * _PER_BLOCK:
            return SeedOutcome(recording.arm, None, "too little divergence recorded", evidence)
        rise, p_value = _rebound(divergence, blocks, rebound)
        evidence |= {"rebound": rise, "rebound_p_value": p_value}
        if rise <= rebound:
            return SeedOutcome(recording.arm, True, "no spike, no rebound", evidence)
        if p_value < level:
            return SeedOutcome(recording.arm, False, "the divergence grew again", evidence)
        return SeedOutcome(recording.arm, None, "a rebound within the noise", evidence)

    seeds = tuple(outcome(recording) for recording in recordings)
    rises = [seed.evidence["rebound"] for seed in seeds if "rebound" in seed.evidence]
    pooled = {"rebound": mean_interval(rises, confidence)} if rises else {}
    # Where no seed rebounds at all, all are 0, and their spread bounds nothing: each spoke alone.
    calm = len(rises) == len(seeds) and (max(rises) == 0 or pooled["rebound"].high <= rebound)
    return PropertyResult(
        name="objective stability",
        holds=decide(seeds, True if calm else None),
        definition=(
            f"After the first {warmup:.0%} of the iterations no value of the objective lies more "
            f"than {spike:g} robust standard deviations from the median of its {2 * reach} "
            f"neighbours, and the last of {blocks} blocks of the on-policy divergence is at most "
            f"{rebound:.0%} above the lowest, at {confidence:.0%} confidence over the seeds "
            "(Student's t; rebounds are skewed, so that fewer hold: docs/coverage.md)."
        ),
        seeds=seeds,
        pooled=pooled,
    )


def _after_warmup(series: Sequence[float], warmup: float) -> np.ndarray:
    values = np.asarray(series, dtype=float)
    return values[int(np.ceil(warmup * len(values))) :]


def _largest_excursion(values: np.ndarray, reach: int) -> float:
    """The largest residual from a running median, in robust standard deviations."""
    if not np.isfinite(values).all():
        return float("inf")
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1)
    # Without the value itself, which on a trend is its own median and has no residual.
    inner = np.median(np.delete(windows, reach, axis=1), axis=1)
    # The medians are continued past their ends, not the values: a trend goes on, a spike does not.
    residuals = values - np.pad(inner, reach, mode="reflect", reflect_type="odd")
    deviation = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
    # A recording that hardly moves has no deviation to measure its moves by.
    scale = max(deviation, 0.001 * np.median(np.abs(values)))
    largest = np.abs(residuals).max()
    return float(largest / scale) if scale else (float("inf") if largest else 0.0)


def _rebound(divergence: np.ndarray, blocks: int, tolerated: float) -> tuple[float, float]:
    """Rise of the last block above the lowest, and the p-value of a rise beyond the tolerated."""
    parts = np.array_split(divergence, blocks)
    means = np.array([part.mean() for part in parts])
    errors = np.array([part.var(ddof=1) / len(part) for part in parts])
    lowest = means.min()
    if lowest <= 0:
        return (float("inf"), 0.0) if means[-1] > 0 else (0.0, 1.0)
    excess = means[-1] - (1 + tolerated) * means[:-1]
    spread = np.sqrt(errors[-1] + (1 + tolerated) ** 2 * errors[:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = np.where(spread > 0, excess / spread, np.sign(excess) * np.inf)
    freedom = min(len(part) for part in parts) - 1
    p_value = stats.t.sf(np.nanmax(statistics), freedom) * (blocks - 1)
    return float(means[-1] / lowest - 1), min(float(p_value), 1.0)
