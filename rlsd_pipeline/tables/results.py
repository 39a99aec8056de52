"""The results as tables: short for a page or a terminal, and as a document beside the paper's."""

from collections.abc import Mapping, Sequence
from typing import Literal

from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.evaluation.published import PROTOCOL, PublishedCell, published_rows
from rlsd_pipeline.stages.evaluation.results import tests_of_results
from rlsd_pipeline.statistics.intervals import SEEDS_REASON, STUDENT, UNBOUNDED_REASON
from rlsd_pipeline.statistics.paired import rejects
from rlsd_pipeline.tables.numbers import ends_of
from rlsd_pipeline.tables.paper import (
    in_paper,
    paper_cells,
    paper_column,
    paper_means,
    protocol_notes,
)
from rlsd_pipeline.tables.result_columns import STEPS, filled, result_columns
from rlsd_pipeline.tables.table import Table, table_of_cells
from schemas import Interval, MethodResult, ScoreDifference

Reading = Literal["higher", "lower", "unresolved", "one seed"]

_SHORT = (
    *("benchmark", "policy", "accuracy", "difference", "p", "updates", "seeds", "gain alone"),
    *("p of the gain, short", "detectable", "judged", "mentions alone", "blind", "unparsed"),
    *("truncated", "each step"),
)
"""The columns on a terminal."""

_LONG = (
    *("method", "accuracy", "with a judge", "difference", "p among methods", "updates", "seeds"),
    *("gain", "p of the gain", "detectable", "mentions", "unparsed", "truncated", "blind"),
    "steps",
)
"""The columns of a benchmark in a document."""

_UI = (
    *("benchmark", "method", "accuracy", "difference", "p", "updates", "seeds", "gain alone"),
    *("detectable", "judged", "blind", "mentions alone", "unparsed", "truncated"),
)
"""The columns in Dagster."""


def over_seeds(lines: Sequence[MethodResult]) -> bool:
    """Whether some method was trained more than once."""
    return any(len(line.seeds) > 1 for line in lines)


def short_table(
    title: str, lines: Sequence[MethodResult], compared: str, notes: Sequence[str]
) -> Table:
    """All benchmarks below each other, each separated by a rule.

    Args:
        title: Title of the table.
        lines: The results.
        compared: The method that the others are compared with.
        notes: Sentences that stand below it.
    """
    names = [line.benchmark for line in lines]
    ruled = {at for at in range(1, len(names)) if names[at] != names[at - 1]}
    # The answer is what the accuracy is about.
    without = {"answer"} if over_seeds(lines) else {"answer", "seeds"}
    columns = result_columns(_SHORT, lines, f"- {compared}", without)
    return Table(title, columns, lines, notes, keys=2, ruled=ruled)


def page_table(
    lines: Sequence[MethodResult], compared: str, benchmarks: Sequence[BenchmarkConfig]
) -> Table:
    """All benchmarks below each other, beside the paper's figures if there are any."""
    columns = result_columns(_UI, lines, f"minus {compared}")
    paper = filled([paper_column(lines, benchmarks)], lines)
    return Table("results", [*columns, *paper], lines, keys=2)


def documents(
    results: Sequence[MethodResult], compared: str, benchmarks: Sequence[BenchmarkConfig]
) -> list[Table]:
    """Method by benchmark, each benchmark in full, and the published table.

    The first is left out where there is one benchmark, the last without a benchmark that is in it.
    """
    by_benchmark, paper = by_name(results), paper_column(results, benchmarks)
    declared = {each.name: each for each in benchmarks}
    found = [_overview(by_benchmark, declared)] if len(by_benchmark) > 1 else []
    for name, lines in by_benchmark.items():
        columns = result_columns(_LONG, lines, f"minus {compared}")
        if in_paper(declared[name]):
            columns.append(paper)
        notes = [*_test_notes(lines, compared), *protocol_notes(declared[name])]
        found.append(Table(name, columns, lines, notes))
    if any(in_paper(declared[name]) for name in by_benchmark):
        heads, *rows = published_rows()
        found.append(table_of_cells("published, % (implied fraction)", heads, rows, PROTOCOL))
    return found


def _overview(
    by_benchmark: Mapping[str, Sequence[MethodResult]], declared: Mapping[str, BenchmarkConfig]
) -> Table:
    lines = [line for of in by_benchmark.values() for line in of]
    scores = {(line.benchmark, line.method): line.score for line in lines}
    methods = list(dict.fromkeys(line.method for line in lines))
    columns = ["method", *by_benchmark]
    rows = [[method, *(scores.get((name, method)) for name in by_benchmark)] for method in methods]
    if means := paper_means(lines, [declared[name] for name in by_benchmark]):
        columns.append("paper, mean of five")
        rows = [[*row, means.get(method)] for method, row in zip(methods, rows, strict=True)]
    return table_of_cells("method by benchmark", columns, rows, form=".3f")


def _test_notes(lines: Sequence[MethodResult], compared: str) -> list[str]:
    """Notes on the test of each p-value, on corrections, and on missing bounds."""
    heads = {"gain": "the gain", "difference": f"the difference to {compared}"}
    notes = [f"p of {heads[what]}: {tests}." for what, tests in tests_of_results(lines).items()]
    if notes:
        notes.append("p is corrected by Holm's method, the intervals are not.")
    if over_seeds(lines):
        notes.append(f"{SEEDS_REASON}.")
    intervals = [found for line in lines for found in (line.score, line.gain) if found]
    if any(ends_of(found) is None for found in intervals):
        notes.append(f"{UNBOUNDED_REASON}.")
    return notes


def by_name(results: Sequence[MethodResult]) -> dict[str, list[MethodResult]]:
    """Benchmark -> its lines, in the order of first mention."""
    groups: dict[str, list[MethodResult]] = {}
    for line in results:
        groups.setdefault(line.benchmark, []).append(line)
    return groups


def reading(line: MethodResult, confidence: float) -> Reading | None:
    """What the corrected test over seeds says of a difference; None without a difference.

    Args:
        line: A method on a benchmark.
        confidence: 1 minus the level of the test.
    """
    found = line.difference
    if found is None:
        return None
    if len(line.seeds) < 2:
        return "one seed"
    p = found.p_value if found.p_corrected is None else found.p_corrected
    # A method is never better on the strength of questions alone.
    if found.test != STUDENT or not rejects(p, confidence):
        return "unresolved"
    return "higher" if found.value > 0 else "lower"


def records(
    results: Sequence[MethodResult], compared: str, benchmarks: Sequence[BenchmarkConfig]
) -> list[dict[str, object]]:
    """A line a benchmark and method, in numbers; shares in [0, 1], the published one in per cent.

    An end of an interval that the data do not bound is empty.
    """
    paper = paper_cells(results, benchmarks)
    return [_record(line, compared, paper.get((line.benchmark, line.method))) for line in results]


def _record(line: MethodResult, compared: str, paper: PublishedCell | None) -> dict[str, object]:
    return {
        **{name: getattr(line, name) for name in ("benchmark", "method", "weighting")},
        "seeds": len(line.seeds),
        "updates": line.updates,
        "mode": line.mode,
        **_numbers("score", line.score),
        "judged": line.judged,
        "detectable": line.detectable,
        **_numbers("gain", line.gain),
        **_test("gain", line.gain),
        "compared_with": line.difference and compared,
        **_numbers("difference", line.difference),
        **_test("difference", line.difference),
        **_numbers("mentions", line.mentions),
        **{name: getattr(line, name) for name in ("unparsed", "truncated", "blind")},
        **{step: line.steps.get(step) for step in STEPS},
        "published_percent": paper and paper.percent,
        "published_count": paper and paper.correct,
        "published_total": paper and paper.total,
    }


def _numbers(name: str, found: Interval | ScoreDifference | None) -> dict[str, object]:
    # As a document holds them: an end that is not bounded is missing.
    held = {} if found is None else found.model_dump()
    ends = {"": "value", "_low": "low", "_high": "high"}
    return {f"{name}{end}": held.get(field) for end, field in ends.items()}


def _test(name: str, found: ScoreDifference | None) -> dict[str, object]:
    parts = {"p": "p_value", "p_holm": "p_corrected", "test": "test"}
    return {f"{name}_{part}": found and getattr(found, field) for part, field in parts.items()}
