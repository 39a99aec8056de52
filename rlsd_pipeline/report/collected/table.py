"""The methods' scores as the report's table, beside what the paper reports."""

from collections.abc import Sequence

from rlsd_pipeline.evaluation.published import BENCHMARKS, published_methods
from rlsd_pipeline.report import data
from rlsd_pipeline.stages.workspace import Workspace
from rlsd_pipeline.statistics.intervals import SEEDS_REASON
from schemas import Interval, MethodResult, ScoreDifference


def method_table(workspace: Workspace, results: Sequence[MethodResult]) -> data.MethodTable | None:
    """All lines, with what every column means; None without any."""
    if not results:
        return None
    experiment = workspace.experiment
    several = any(len(line.seeds) > 1 for line in results)
    compared = experiment.compared_with
    published = published_methods({line.method: line.weighting for line in results})
    pairs = "arms of one seed (same start, same problems)" if several else "the same questions"
    unit = "seeds (Student's t)" if several else "questions"
    return data.MethodTable(
        lines=tuple(_line(line, published.get(line.method)) for line in results),
        baseline=compared,
        confidence=experiment.evaluation.confidence,
        interval_meaning=f"over {unit}" + (f". {SEEDS_REASON}" if several else ""),
        difference_meaning=f"Differences to {compared} are paired over {pairs}; p-values are "
        "two-sided, Holm-corrected for the number of methods on a benchmark; their intervals are "
        "not corrected.",
        leakage_meaning="Leakage is the share of held-out responses that mention a reference, "
        "although none was shown.",
        steps_meaning="Each step of the reasoning is judged given the step before.",
        published_meaning="Published: Qwen3-VL-8B on five other benchmarks, one run without an "
        "interval (arXiv 2604.03128). Compare the order of the methods, never the values.",
    )


def estimate(found: Interval | ScoreDifference | None) -> data.Estimate | None:
    """An estimate as the report has it; None where the data set no bound."""
    if found is None or found.low is None or found.high is None:
        return None
    return data.Estimate(value=found.value, low=found.low, high=found.high)


def difference(paired: ScoreDifference | None) -> data.Difference | None:
    """A paired difference as the report has it; None where the data set no bound."""
    if paired is None or paired.low is None or paired.high is None:
        return None
    return data.Difference(
        value=paired.value,
        low=paired.low,
        high=paired.high,
        p=paired.p_value,
        p_corrected=paired.p_corrected,
        test=paired.test,
    )


def _line(line: MethodResult, published: Sequence[float] | None) -> data.MethodLine:
    score = estimate(line.score)
    assert score is not None
    return data.MethodLine(
        benchmark=line.benchmark,
        method=line.method,
        score=score.value,
        low=score.low,
        high=score.high,
        seeds=len(line.seeds),
        updates=line.updates,
        difference=difference(line.difference),
        gain=estimate(line.gain),
        leakage=estimate(line.mentions),
        blind=line.blind,
        steps=dict(line.steps),
        published=None if published is None else dict(zip(BENCHMARKS, published, strict=True)),
    )
