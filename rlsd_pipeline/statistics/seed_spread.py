"""The spread of a paired difference over seeds, and the part of it that questions cause.

The difference of seed s on question q is taken as d + seed + question + rest, all independent. The
mean over a benchmark's Q questions, which every seed answers, then varies over seeds with the
variance V = var(seed) + var(rest) / Q: only its second part falls with more questions, or with more
samples a question. It is the two-way analysis of variance without replication (Searle, Casella and
McCulloch 1992, chapter 4); where questions go together, their clusters take the place of questions.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rlsd_pipeline.statistics.intervals import all_equal, clustered_error, within
from schemas import Interval


class Spread(NamedTuple):
    """The paired differences of a pilot.

    Attributes:
        seeds: How many there are.
        questions: Questions of the benchmark; 0 where the quantity has none.
        value: Mean difference.
        sd: Standard deviation of a seed's difference; nan where it is not known: for one seed, or
            seeds that all agree.
        sd_high: Upper end of its chi-square interval; inf where nothing bounds it.
        of_questions: Share of the variance that comes of finitely many questions, with its F
            interval; None where the quantity has none, or the standard deviation is not known.
        question_error: Standard error of the difference over questions drawn anew, for the
            trainings at hand; nan where it is not known. Further seeds do not end it.
    """

    seeds: int
    questions: int
    value: float
    sd: float
    sd_high: float
    of_questions: Interval | None
    question_error: float

    def factor(self, times: float) -> float:
        """By what factor the standard deviation changes with `times` as many questions."""
        share = self.of_questions.value if self.of_questions else 0.0
        return math.sqrt(1 - share + share / times)

    def questions_for(self, sd: float) -> int | None:
        """Questions at which a seed's difference has at most a standard deviation.

        None where the seeds' own differences are larger, so that no number of them does.
        """
        share = self.of_questions.value if self.of_questions else 0.0
        left = (sd / self.sd) ** 2 - (1 - share)
        if not share or left <= 0:
            return None
        return math.ceil(round(self.questions * share / left, 6))


def spread_of_seeds(differences: Sequence[float], confidence: float) -> Spread:
    """The spread of a quantity that is not a mean over questions.

    Args:
        differences: One a seed.
        confidence: Confidence of the intervals.

    Raises:
        ValueError: There is no seed.
    """
    values = _seeds(differences)
    sd, high = _deviation(values, confidence)
    return Spread(len(values), 0, float(values.mean()), sd, high, None, math.nan)


def spread_of_questions(
    differences: ArrayLike, clusters: Sequence[str], confidence: float
) -> Spread:
    """The spread of a mean over questions, with the part that the questions cause.

    Args:
        differences: Differences of every seed on every question; `[seeds, questions]`.
        clusters: What each question belongs to, `[questions]`.
        confidence: Confidence of the intervals.

    Raises:
        ValueError: There is no seed or no question, or clusters are not one a question.
    """
    table = np.asarray(differences, dtype=float)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"differences of shape {table.shape}; [seeds, questions] was expected")
    values, of_question = table.mean(axis=1), table.mean(axis=0)
    sd, high = _deviation(values, confidence)
    error = clustered_error(of_question, clusters)
    share = None
    groups = len(set(clusters))
    if math.isfinite(sd) and groups > 1:
        # What neither the seed nor the question explains; one seed's degree of freedom is lost.
        rest = table - values[:, None] - of_question + table.mean()
        seeds = len(values)
        variance = seeds / (seeds - 1) * np.mean([clustered_error(r, clusters) ** 2 for r in rest])
        share = _share(float(variance) / sd**2, seeds, groups, confidence)
    return Spread(len(values), table.shape[1], float(values.mean()), sd, high, share, error)


def _seeds(differences: Sequence[float]) -> np.ndarray:
    values = np.asarray(differences, dtype=float)
    if not len(values):
        raise ValueError("no seed has a difference")
    return values


def _deviation(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """The standard deviation and the upper end of its chi-square interval."""
    from scipy import stats

    if len(values) < 2 or all_equal(values):
        return math.nan, math.inf
    sd, degrees = float(values.std(ddof=1)), len(values) - 1
    least = stats.chi2.ppf((1 - confidence) / 2, degrees)
    return sd, float(sd * math.sqrt(degrees / least))


def _share(ratio: float, seeds: int, groups: int, confidence: float) -> Interval:
    """The ratio of the mean squares of rest and seeds, a share by F's distribution."""
    from scipy import stats

    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = ratio * stats.f.ppf(tails, seeds - 1, (seeds - 1) * (groups - 1))
    low, high = (min(1.0, float(end)) for end in ends)
    return within(min(1.0, ratio), (low, high))
