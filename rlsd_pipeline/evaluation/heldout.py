"""The experiment's own held-out problems, by kind of question and by step of the reasoning."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rlsd_pipeline.statistics.intervals import score_interval
from schemas import BreakdownScore, ItemVerdict, Verdict


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


def _score(by_question: Mapping[str, Sequence[float]], confidence: float) -> BreakdownScore:
    means = [sum(values) / len(values) for values in by_question.values()]
    estimate = score_interval(means, confidence)
    return BreakdownScore(
        n=len(means),
        score=estimate.value,
        interval_low=estimate.low,
        interval_high=estimate.high,
    )
