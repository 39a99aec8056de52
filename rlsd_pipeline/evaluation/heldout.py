"""One score from the verdicts on a benchmark's responses."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pyarrow as pa

from rlsd_pipeline.evaluation.intervals import Estimate, score_interval
from schemas import BreakdownScore, ItemVerdict, Verdict


def question_scores(items: Sequence[ItemVerdict]) -> dict[str, float]:
    """Problem id -> share of its responses that are correct, verifier errors left out."""
    hits: dict[str, list[float]] = defaultdict(list)
    for item in items:
        if item.verdict is not Verdict.VERIFIER_ERROR:
            hits[item.problem_id].append(float(item.verdict is Verdict.CORRECT))
    return {problem_id: sum(values) / len(values) for problem_id, values in hits.items()}


def column_scores(items: pa.Table) -> dict[str, float]:
    """The same from the columns `problem_id` and `verdict` of a table of item verdicts."""
    hits: dict[str, list[float]] = defaultdict(list)
    for problem_id, verdict in zip(
        items["problem_id"].to_pylist(), items["verdict"].to_pylist(), strict=True
    ):
        if verdict != Verdict.VERIFIER_ERROR:
            hits[problem_id].append(float(verdict == Verdict.CORRECT))
    return {problem_id: sum(values) / len(values) for problem_id, values in hits.items()}


def breakdown(items: Sequence[ItemVerdict], confidence: float) -> dict[str, BreakdownScore]:
    """Scores by label.

    An attribute `step:NAME` holds the outcome of one step of the reasoning (`right`, `wrong`, or
    `missing`); its score is the share of responses in which the step is right. Any other attribute
    splits the questions by its value.
    """
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if item.verdict is Verdict.VERIFIER_ERROR:
            continue
        for name, value in item.attributes.items():
            if name.startswith("step:"):
                shares[name][item.problem_id].append(float(value == "right"))
            else:
                correct = float(item.verdict is Verdict.CORRECT)
                shares[f"{name}={value}"][item.problem_id].append(correct)
    labels = sorted(shares, key=lambda label: (not label.startswith("step:"), label))
    return {label: _score(shares[label], confidence) for label in labels}


def overall(items: Sequence[ItemVerdict], confidence: float) -> Estimate:
    """The mean over questions of the share of correct responses."""
    return score_interval(list(question_scores(items).values()), confidence)


def count(items: Sequence[ItemVerdict], verdict: Verdict) -> int:
    """How many responses have a verdict."""
    return sum(item.verdict is verdict for item in items)


def _score(by_question: Mapping[str, Sequence[float]], confidence: float) -> BreakdownScore:
    means = [sum(values) / len(values) for values in by_question.values()]
    estimate = score_interval(means, confidence)
    return BreakdownScore(
        n=len(means),
        score=estimate.value,
        interval_low=estimate.low,
        interval_high=estimate.high,
    )
