"""Sustained improvement: above the base at the end, and not below an earlier checkpoint."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from rlsd_pipeline.diagnostics.properties.recording import (
    Evaluation,
    PropertyResult,
    RunRecording,
    SeedOutcome,
    decide,
    seed_level,
)
from rlsd_pipeline.statistics.intervals import DIFFERENCE, mean_interval, within
from schemas import Interval


class _Pooled(NamedTuple):
    numbers: dict[str, Interval]
    holds: bool | None


def sustained_improvement(
    recordings: Sequence[RunRecording],
    *,
    minimum_gain: float = 0.01,
    confidence: float = 0.95,
) -> PropertyResult:
    """Whether a method improves on its base and keeps what it has gained.

    (a) The last score is above the base's: the interval of the difference lies above 0. It fails
    (a) if the interval lies below `minimum_gain`: then it is shown not to improve by as much.
    (b) The last score is not below any earlier one by more than noise: a one-sided test against
    each, corrected for their number and for the seeds, since the best of several is high by chance.

    Within a seed, noise is that of the questions, taken as independent between evaluations; on the
    same questions this errs on the side of not telling. Over the seeds, the interval is Student's
    over the seeds' differences, on these questions; with a single seed it is that seed's own.

    Args:
        recordings: One for each seed.
        minimum_gain: The gain below which a difference counts as none.
        confidence: Confidence of the tests and the intervals.

    Returns:
        Pooled are `gain` and, where all seeds were evaluated after the same updates, `decline`:
        from the evaluation that is best in the mean over the seeds to the last one. A seed without
        a base, or with fewer than three evaluations, is None.

    Raises:
        ValueError: There is no recording.
    """
    level = seed_level(recordings, confidence)
    ordered = [sorted(run.evaluations, key=lambda e: e.updates) for run in recordings]
    seeds = tuple(
        _outcome(recording.arm, evaluations, minimum_gain, level)
        for recording, evaluations in zip(recordings, ordered, strict=True)
    )
    measured = [row for row, seed in zip(ordered, seeds, strict=True) if seed.evidence]
    pooled = _pool(measured, minimum_gain, confidence) if measured else _Pooled({}, None)
    return PropertyResult(
        name="sustained improvement",
        holds=decide(seeds, pooled.holds),
        definition=(
            f"The last score is above the base's, at {confidence:.0%} confidence, and not "
            "significantly below that of any earlier evaluation, in any seed or over all; a gain "
            f"shown to be under {minimum_gain:g} is none."
        ),
        seeds=seeds,
        pooled=pooled.numbers,
    )


def _outcome(
    arm: str, evaluations: Sequence[Evaluation], minimum_gain: float, level: float
) -> SeedOutcome:
    if len(evaluations) < 3 or evaluations[0].updates != 0:
        return SeedOutcome(arm, None, "needs the base and two later evaluations")
    gain = _own_gain(evaluations, 1 - level)
    *earlier, last = evaluations
    best = max(earlier, key=lambda evaluation: evaluation.score.value)
    p_value = min(1.0, min(_decline_p_value(e, last) for e in earlier) * len(earlier))
    evidence = {
        "gain": gain.value,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "decline": best.score.value - last.score.value,
        "decline_p_value": p_value,
        "best_updates": float(best.updates),
    }
    if p_value < level:
        return SeedOutcome(arm, False, f"below the score after {best.updates} updates", evidence)
    if gain.high < minimum_gain:
        return SeedOutcome(arm, False, "no gain over the base", evidence)
    if gain.low > 0:
        return SeedOutcome(arm, True, "above the base, and no decline", evidence)
    return SeedOutcome(arm, None, "the gain is within the noise", evidence)


def _pool(seeds: Sequence[Sequence[Evaluation]], minimum_gain: float, confidence: float) -> _Pooled:
    if len(seeds) == 1:
        gain = _own_gain(seeds[0], confidence)
    else:
        gain = mean_interval(
            [row[-1].score.value - row[0].score.value for row in seeds], confidence, DIFFERENCE
        )
    numbers, declined = {"gain": gain}, False
    if len({tuple(evaluation.updates for evaluation in row) for row in seeds}) == 1:
        scores = np.array([[evaluation.score.value for evaluation in row] for row in seeds])
        earlier = scores[:, :-1]
        best = earlier.mean(0).argmax()
        # The best was chosen by looking, so its interval covers all that might have been.
        corrected = 1 - (1 - confidence) / earlier.shape[1]
        numbers["decline"] = mean_interval(earlier[:, best] - scores[:, -1], corrected, DIFFERENCE)
        declined = numbers["decline"].low > 0
    if declined or gain.high < minimum_gain:
        return _Pooled(numbers, False)
    return _Pooled(numbers, True if gain.low > 0 else None)


def _own_gain(evaluations: Sequence[Evaluation], confidence: float) -> Interval:
    base, last = evaluations[0], evaluations[-1]
    gain = last.score.value - base.score.value
    error = float(np.hypot(base.standard_error, last.standard_error))
    half = float(stats.norm.ppf((1 + confidence) / 2)) * error
    return within(gain, (gain - half, gain + half))


def _decline_p_value(earlier: Evaluation, last: Evaluation) -> float:
    error = np.hypot(earlier.standard_error, last.standard_error)
    decline = earlier.score.value - last.score.value
    if not error:
        return 0.0 if decline > 0 else 1.0
    return float(stats.norm.sf(decline / error))
