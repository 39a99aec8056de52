"""A benchmark's score as the mean over its questions, with the breakdown by labels."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from rlsd_pipeline.evaluation.scored import CLUSTER, Scored, Summary
from rlsd_pipeline.statistics.intervals import clustered_interval, score_interval
from schemas import BreakdownScore, Interval, Problem, Verdict


def by_question(*labels: str) -> Callable[[Sequence[Scored], float], Summary]:
    """Scores a benchmark by the mean over questions of the share of correct responses.

    Responses that the rule failed on are left out; unparsed and truncated ones are wrong. The
    interval is clustered where a problem has the attribute `cluster`, a problem without it being
    its own, and otherwise that of independent questions: strata such as MMMU's 30 subjects, which
    are all in the benchmark and not drawn, are no clusters.

    Args:
        labels: Attributes that split the questions; each value is a line `label=value`, in the
            order of the labels, then of the values. A problem without the attribute is in none.
    """

    def summarise(scored: Sequence[Scored], confidence: float) -> Summary:
        problems = {each.problem.problem_id: each.problem for each in scored}
        scores = question_means(scored)
        groups: dict[str, dict[str, float]] = {}
        for label in labels:
            named = {one: problems[one].attributes.get(label) for one in scores}
            for value in sorted({value for value in named.values() if value}):
                groups[f"{label}={value}"] = {
                    one: score for one, score in scores.items() if named[one] == value
                }
        breakdown = {
            name: _breakdown(group, problems, confidence) for name, group in groups.items()
        }
        return Summary(_estimate(scores, problems, confidence), breakdown, scores)

    return summarise


def question_means(scored: Sequence[Scored]) -> dict[str, float]:
    """Problem id -> share of its responses that are correct, verifier errors left out."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for each in scored:
        if each.verdict is not Verdict.VERIFIER_ERROR:
            hits[each.problem.problem_id].append(each.verdict is Verdict.CORRECT)
    return {problem_id: sum(values) / len(values) for problem_id, values in hits.items()}


def _estimate(
    scores: Mapping[str, float], problems: Mapping[str, Problem], confidence: float
) -> Interval:
    values = list(scores.values())
    if not any(CLUSTER in problems[problem_id].attributes for problem_id in scores):
        return score_interval(values, confidence)
    clusters = [problems[problem_id].attributes.get(CLUSTER, problem_id) for problem_id in scores]
    return clustered_interval(values, clusters, confidence)


def _breakdown(
    scores: Mapping[str, float], problems: Mapping[str, Problem], confidence: float
) -> BreakdownScore:
    estimate = _estimate(scores, problems, confidence)
    return BreakdownScore(
        n=len(scores),
        score=estimate.value,
        interval_low=estimate.low,
        interval_high=estimate.high,
    )
