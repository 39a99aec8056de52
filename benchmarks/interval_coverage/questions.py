"""Intervals over questions, and over clusters of them.

A question's own accuracy is beta distributed about the policy's: most are nearly always right or
nearly always wrong. The truth is that of all questions, from which those of a table are drawn.
"""

import numpy as np

from benchmarks.interval_coverage.conditions import LEVEL, Condition, Group, holds
from rlsd_pipeline.statistics.intervals import clustered_interval, score_interval
from rlsd_pipeline.statistics.methods import method_score
from rlsd_pipeline.statistics.paired import compare_policies

_PRIOR = 2.0
"""Of the beta distribution, the sum of its parameters."""

SCORE, SEVERAL = "accuracy (Wilson)", "accuracy, several responses (Wilson, effective)"
CLUSTERED = "accuracy over clusters (Wilson, effective)"
SINGLE = "accuracy of a single seed"
MCNEMAR, FLIP = "difference (Bonett and Price)", "difference (sign flip)"


def group() -> Group:
    """All that is over questions."""
    return Group("Over questions and their clusters", "coverage", [*_scores(), *_differences()])


def _scores() -> list[Condition]:
    one = [(20, 0.6), (20, 0.95), *((200, a) for a in (0.05, 0.3, 0.6, 0.95)), (1000, 0.05)]
    four = [(20, 0.6), (20, 0.95), *((200, a) for a in (0.05, 0.6, 0.95)), (1000, 0.05)]
    clustered = [(20, 0.6), (20, 0.95), (100, 0.05), (100, 0.6), (300, 0.95)]
    return [
        *(_score(SCORE, n, 1, accuracy) for n, accuracy in one),
        *(_score(SEVERAL, n, 4, accuracy) for n, accuracy in four),
        *(_clustered(count, accuracy) for count, accuracy in clustered),
        _single(100, 0.6),
    ]


def _differences() -> list[Condition]:
    return [
        *(_paired(MCNEMAR, n, 1, accuracy, 0.05) for n, accuracy in ((20, 0.6), (200, 0.6))),
        _paired(MCNEMAR, 200, 1, 0.05, 0.05),
        _paired(MCNEMAR, 1000, 1, 0.9, 0.05),
        _paired(FLIP, 60, 4, 0.05, 0.05)._replace(tables=1000),
        _cluster_paired(12)._replace(tables=1000),
        _cluster_paired(60)._replace(tables=1000),
    ]


def difficulties(rng: np.random.Generator, accuracy: float, count: int) -> np.ndarray:
    """The accuracy of each of some questions; `[count]`."""
    return rng.beta(_PRIOR * accuracy, _PRIOR * (1 - accuracy), count)


def clusters(rng: np.random.Generator, count: int) -> np.ndarray:
    """The cluster of each question: 1 to 5 questions each; `[questions]`."""
    return np.repeat(np.arange(count), rng.integers(1, 6, count))


def paired_policies(
    rng: np.random.Generator, hard: np.ndarray, samples: int, gain: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Two policies on the same questions: the second is right in a share of what the first fails.

    Args:
        rng: A generator.
        hard: Accuracy of the first on each question.
        samples: Responses a question.
        gain: That share.
    """
    first, second = (rng.binomial(samples, p) / samples for p in (hard, hard + gain * (1 - hard)))
    names = [str(place) for place in range(len(hard))]
    return dict(zip(names, first, strict=True)), dict(zip(names, second, strict=True))


def _score(name: str, count: int, samples: int, accuracy: float) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        right = rng.binomial(samples, difficulties(rng, accuracy, count)) / samples
        return holds(score_interval(right, LEVEL), accuracy)

    each = "1 response" if samples == 1 else f"{samples} responses"
    return Condition(name, f"{count} questions of {each}, accuracy {accuracy:g}", once)


def _clustered(count: int, accuracy: float) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        of = clusters(rng, count)
        right = rng.binomial(1, difficulties(rng, accuracy, count)[of]).astype(float)
        return holds(clustered_interval(right, of.astype(str), LEVEL), accuracy)

    return Condition(CLUSTERED, _of_clusters(count, accuracy), once)


def _single(count: int, accuracy: float) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        of = clusters(rng, count)
        right = rng.binomial(1, difficulties(rng, accuracy, count)[of]).astype(float)
        names = [str(place) for place in range(len(of))]
        scores, named = (
            dict(zip(names, values, strict=True)) for values in (right, of.astype(str))
        )
        return holds(method_score([scores], LEVEL, named), accuracy)

    return Condition(SINGLE, _of_clusters(count, accuracy), once)


def _of_clusters(count: int, accuracy: float) -> str:
    return f"{count} clusters of 1 to 5 questions, accuracy {accuracy:g}"


def _paired(name: str, count: int, samples: int, accuracy: float, gain: float) -> Condition:
    def once(rng: np.random.Generator) -> bool:
        pair = paired_policies(rng, difficulties(rng, accuracy, count), samples, gain)
        return holds(compare_policies(*pair, confidence=LEVEL), gain * (1 - accuracy))

    each = "1 response" if samples == 1 else f"{samples} responses"
    truth = gain * (1 - accuracy)
    return Condition(
        name, f"{count} questions of {each}, accuracy {accuracy:g}, true {truth:+.3f}", once
    )


def _cluster_paired(count: int) -> Condition:
    accuracy, gain = 0.6, 0.1

    def once(rng: np.random.Generator) -> bool:
        of = clusters(rng, count)
        first, second = paired_policies(rng, difficulties(rng, accuracy, count)[of], 1, gain)
        named = dict(zip(first, of.astype(str), strict=True))
        return holds(compare_policies(first, second, named, LEVEL), gain * (1 - accuracy))

    return Condition(
        f"{FLIP} over clusters", f"{_of_clusters(count, accuracy)}, true {0.04:+.3f}", once
    )
