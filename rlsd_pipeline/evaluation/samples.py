"""Several responses to a question: avg@k, pass@k and pass^k.

pass@k is the chance that at least one of k responses is correct, pass^k that all of them are
(the "k/k reliability" of ZeroBench). Both are estimated without bias from n >= k responses.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rlsd_pipeline.evaluation.scored import Scored
from rlsd_pipeline.statistics.intervals import clustered_interval
from schemas import Interval, Verdict


class Tally(NamedTuple):
    """Judged responses to one question, and how many of them are correct."""

    samples: int
    correct: int


class SampleScore(NamedTuple):
    """A metric over several responses a question.

    Attributes:
        estimate: Mean over the questions, with an interval over questions.
        questions: How many questions have k judged responses.
        left_out: How many have fewer, because the verifier failed on others.
    """

    estimate: Interval
    questions: int
    left_out: int


def tally(scored: Sequence[Scored]) -> dict[str, Tally]:
    """Problem id -> its judged responses; those that the verifier failed on are left out."""
    found: dict[str, Tally] = {}
    for each in scored:
        samples, correct = found.get(each.problem.problem_id, (0, 0))
        judged = each.verdict is not Verdict.VERIFIER_ERROR
        right = each.verdict is Verdict.CORRECT
        found[each.problem.problem_id] = Tally(samples + judged, correct + right)
    return found


def avg_at_k(
    tallies: Mapping[str, Tally], confidence: float, clusters: Mapping[str, str] | None = None
) -> SampleScore:
    """Mean over questions of the share of correct responses, whatever their number.

    The interval is over questions, not responses: k samples of a question are not independent.
    """
    return _mean(tallies, 1, lambda samples, correct: correct / samples, confidence, clusters)


def pass_at_k(
    tallies: Mapping[str, Tally],
    k: int,
    confidence: float,
    clusters: Mapping[str, str] | None = None,
) -> SampleScore:
    """1 - C(n - c, k) / C(n, k) for c of n correct (Chen 2021, arXiv 2107.03374), averaged.

    Args:
        tallies: Problem id -> its responses.
        k: How many responses are drawn, from 1.
        confidence: Coverage of the interval.
        clusters: Problem id -> what it is not independent of; every question its own by default.

    Raises:
        ValueError: k is below 1, or no question has k judged responses.
    """
    return _mean(tallies, k, lambda n, c: _at_least_one(n, c, k), confidence, clusters)


def pass_hat_k(
    tallies: Mapping[str, Tally],
    k: int,
    confidence: float,
    clusters: Mapping[str, str] | None = None,
) -> SampleScore:
    """pass^k, C(c, k) / C(n, k) for c of n correct, averaged; arguments as of `pass_at_k`."""
    return _mean(tallies, k, lambda n, c: math.comb(c, k) / math.comb(n, k), confidence, clusters)


def _at_least_one(samples: int, correct: int, k: int) -> float:
    # Integers up to the one division: 1 - p would lose a small chance to rounding.
    drawn = math.comb(samples, k)
    return (drawn - math.comb(samples - correct, k)) / drawn


def _mean(
    tallies: Mapping[str, Tally],
    k: int,
    value: Callable[[int, int], float],
    confidence: float,
    clusters: Mapping[str, str] | None,
) -> SampleScore:
    if k < 1:
        raise ValueError(f"k is {k}; at least one response is drawn")
    values = {name: value(*each) for name, each in tallies.items() if each.samples >= k}
    if not values:
        most = max((each.samples for each in tallies.values()), default=0)
        raise ValueError(f"no question has {k} judged responses; the most is {most}")
    groups = [name if clusters is None else clusters.get(name, name) for name in values]
    estimate = clustered_interval(list(values.values()), groups, confidence)
    return SampleScore(estimate, len(values), len(tallies) - len(values))
