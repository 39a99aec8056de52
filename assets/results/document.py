"""The results as a document: method by benchmark, each benchmark in full, the published table."""

import math
from collections.abc import Callable, Mapping, Sequence

from assets.results.formats import Section
from assets.results.paper import (
    in_paper,
    paper_cells,
    paper_column,
    paper_means,
    protocol_notes,
)
from rlsd_pipeline.config.evaluation import BenchmarkConfig
from rlsd_pipeline.evaluation.published import PROTOCOL, PublishedCell, published_rows
from rlsd_pipeline.stages.evaluation.results import Result, tests_of_results
from rlsd_pipeline.statistics.intervals import (
    SEEDS_REASON,
    UNBOUNDED_MARK,
    UNBOUNDED_REASON,
    Estimate,
    PairedDifference,
)

_STEPS = ("perceive", "compare", "negate")


def sections(
    results: Sequence[Result], compared: str, benchmarks: Sequence[BenchmarkConfig]
) -> list[Section]:
    """Method by benchmark, each benchmark in full, and the published table.

    The first is left out where there is one benchmark, the last without a benchmark that is in it.
    """
    by_benchmark = {name: [r for r in results if r.benchmark == name] for name in _names(results)}
    declared = {each.name: each for each in benchmarks}
    found = [_overview(by_benchmark, declared)] if len(by_benchmark) > 1 else []
    for name, lines in by_benchmark.items():
        columns = _columns(lines, compared, declared[name])
        if all(line.judged is None for line in lines):
            del columns["with a judge"]
        rows = [[read(line) for read in columns.values()] for line in lines]
        notes = [*_test_notes(lines, compared), *protocol_notes(declared[name])]
        found.append(Section(name, list(columns), rows, notes))
    if any(in_paper(declared[name]) for name in by_benchmark):
        head, *rows = published_rows()
        found.append(Section("published, % (implied fraction)", head, rows, PROTOCOL))
    return found


def records(
    results: Sequence[Result], compared: str, benchmarks: Sequence[BenchmarkConfig]
) -> list[dict[str, object]]:
    """A line a benchmark and method, in numbers; shares in [0, 1], the published one in per cent.

    An end of an interval that the data do not bound is empty.
    """
    declared = {each.name: each for each in benchmarks}
    papers = {
        name: paper_cells([r for r in results if r.benchmark == name], declared[name])
        for name in _names(results)
    }
    return [_record(line, compared, papers[line.benchmark].get(line.method)) for line in results]


def _record(line: Result, compared: str, paper: PublishedCell | None) -> dict[str, object]:
    other = line.difference
    return {
        "benchmark": line.benchmark,
        "method": line.method,
        "weighting": line.weighting,
        "seeds": len(line.seeds),
        "updates": line.updates,
        "mode": line.mode,
        **_numbers("score", line.score),
        "judged": line.judged,
        "detectable": line.detectable,
        **_numbers("gain", line.gain),
        "gain_p": line.gain and line.gain.p_value,
        "gain_p_holm": line.gain_corrected,
        "gain_test": line.gain and line.gain.test,
        "compared_with": other and compared,
        **_numbers("difference", other and other.paired),
        "difference_p": other and other.paired.p_value,
        "difference_p_holm": other and other.p_corrected,
        "difference_test": other and other.paired.test,
        **_numbers("mentions", line.mentions),
        "unparsed": line.unparsed,
        "truncated": line.truncated,
        "blind": line.blind,
        **{step: line.steps.get(step) for step in _STEPS},
        "published_percent": paper and paper.percent,
        "published_count": paper and paper.correct,
        "published_total": paper and paper.total,
    }


def _test_notes(lines: Sequence[Result], compared: str) -> list[str]:
    """Notes on the test of each p-value, on corrections, and on missing bounds."""
    heads = {"gain": "the gain", "difference": f"the difference to {compared}"}
    notes = [f"p of {heads[what]}: {tests}." for what, tests in tests_of_results(lines).items()]
    if notes:
        notes.append("p is corrected by Holm's method, the intervals are not.")
    intervals = [found for line in lines for found in (line.score, line.gain) if found]
    if any(len(line.seeds) > 1 for line in lines):
        notes.append(f"{SEEDS_REASON}.")
    if any(math.isinf(found.high) for found in intervals):
        notes.append(f"{UNBOUNDED_REASON}.")
    return notes


def _names(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(line.benchmark for line in results))


def _overview(
    by_benchmark: Mapping[str, Sequence[Result]], declared: Mapping[str, BenchmarkConfig]
) -> Section:
    methods = dict.fromkeys(line.method for lines in by_benchmark.values() for line in lines)
    scores = {
        (name, line.method): estimate(line.score)
        for name, lines in by_benchmark.items()
        for line in lines
    }
    rows = [
        [method, *(scores.get((name, method), "") for name in by_benchmark)] for method in methods
    ]
    columns = ["method", *by_benchmark]
    lines = [line for of in by_benchmark.values() for line in of]
    if means := paper_means(lines, [declared[name] for name in by_benchmark]):
        columns.append("paper, mean of five")
        rows = [[*row, means.get(row[0], "")] for row in rows]
    return Section("method by benchmark", columns, rows)


def _columns(
    lines: Sequence[Result], compared: str, benchmark: BenchmarkConfig
) -> dict[str, Callable[[Result], str]]:
    columns: dict[str, Callable[[Result], str]] = {
        "method": lambda line: line.method,
        "accuracy": lambda line: estimate(line.score),
        "with a judge": lambda line: _number(line.judged),
        f"minus {compared}": lambda line: (
            "" if line.difference is None else signed(line.difference.paired)
        ),
        "p (Holm, methods)": lambda line: (
            "" if line.difference is None else f"{line.difference.p_corrected:.2g}"
        ),
        "updates": lambda line: str(line.updates),
        "seeds": lambda line: str(len(line.seeds)),
        "gain": lambda line: "" if line.gain is None else signed(line.gain),
        "p (Holm, benchmarks)": lambda line: (
            "" if line.gain_corrected is None else f"{line.gain_corrected:.2g}"
        ),
        "detectable": lambda line: _number(line.detectable),
        "mentions a reference": lambda line: estimate(line.mentions),
        "unparsed": lambda line: str(line.unparsed),
        "truncated": lambda line: str(line.truncated),
        "blind": lambda line: _number(line.blind),
        " / ".join(_STEPS): lambda line: " / ".join(
            f"{line.steps[step]:.2f}" if step in line.steps else "-" for step in _STEPS
        ),
    }
    head, paper = paper_column(lines, benchmark)
    return columns | ({head: lambda line: paper.get(line.method, "")} if head else {})


def _numbers(name: str, found: Estimate | PairedDifference | None) -> dict[str, object]:
    if found is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    low, high = (end if math.isfinite(end) else None for end in (found.low, found.high))
    return {name: found.value, f"{name}_low": low, f"{name}_high": high}


def estimate(found: Estimate) -> str:
    """A value with its interval."""
    if found.high == float("inf"):
        return f"{found.value:.3f} {UNBOUNDED_MARK}"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def signed(found: PairedDifference) -> str:
    """A difference with its interval."""
    if found.high == float("inf"):
        return f"{found.value:+.3f} {UNBOUNDED_MARK}"
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
