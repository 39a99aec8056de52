"""A method over several seeds: its score, and its paired difference to another method.

Where a method has several seeds, the seed is the unit: questions and responses of one training are
not independent evidence about a method. With a single seed the questions are the unit, and the
interval then speaks of this one training alone.
"""

from collections.abc import Mapping, Sequence

from rlsd_pipeline.statistics.intervals import (
    SHARE,
    clustered_interval,
    mean_interval,
    paired_difference,
)
from rlsd_pipeline.statistics.paired import compare_policies
from schemas import Interval, ScoreDifference

QuestionScores = Mapping[str, float]
"""Problem id -> share of its responses that are correct."""


def method_score(
    seeds: Sequence[QuestionScores],
    confidence: float,
    clusters: Mapping[str, str] | None = None,
) -> Interval:
    """Mean accuracy over seeds; with one seed, over its questions.

    Args:
        seeds: Scores of each.
        confidence: Of the interval.
        clusters: Problem id -> what it is not independent of; counts with a single seed only.
    """
    if len(seeds) == 1:
        groups = [(clusters or {}).get(question, question) for question in seeds[0]]
        return clustered_interval(list(seeds[0].values()), groups, confidence)
    return mean_interval([_mean(scores) for scores in seeds], confidence, SHARE)


def method_difference(
    first: Mapping[int, QuestionScores],
    second: Mapping[int, QuestionScores],
    confidence: float,
    clusters: Mapping[str, str] | None = None,
) -> ScoreDifference | None:
    """Second minus first over the seeds that both have; None without any, or with one of several.

    Arms of one seed begin with the same weights and draw the same problems, so they are a pair.
    With a single seed each, the pairs are its questions (`compare_policies`).

    Args:
        first: Seed -> scores of the method that is compared with.
        second: Seed -> scores of the method.
        confidence: Confidence of the interval.
        clusters: Problem id -> what it is not independent of; counts with a single seed only.
    """
    shared = sorted(first.keys() & second.keys())
    if not shared:
        return None
    if len(shared) == 1 and max(len(first), len(second)) > 1:
        return None
    if len(shared) == 1:
        before, after = first[shared[0]], second[shared[0]]
        return compare_policies(before, after, clusters, confidence)
    return paired_difference(
        [_mean(first[seed]) for seed in shared],
        [_mean(second[seed]) for seed in shared],
        confidence,
    )


def holm(differences: Mapping[str, ScoreDifference | None]) -> dict[str, ScoreDifference]:
    """Holm's correction over the methods that were compared; the others are left out."""
    found = {name: paired for name, paired in differences.items() if paired is not None}
    corrected = holm_p_values({name: paired.p_value for name, paired in found.items()})
    return {
        name: one.model_copy(update={"p_corrected": corrected[name]}) for name, one in found.items()
    }


def holm_p_values(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values after Holm's step-down correction for their number; Holm (1979).

    By hand: statsmodels' takes a second to import, and collects garbage at each call.
    """
    corrected: dict[str, float] = {}
    least = 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[name]))
        corrected[name] = least
    return {name: corrected[name] for name in p_values}


def _mean(scores: QuestionScores) -> float:
    return sum(scores.values()) / len(scores)
