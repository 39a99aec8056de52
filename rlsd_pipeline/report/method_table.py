"""The result as a table: one line a method, grouped by benchmark, and what every column means."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from rlsd_pipeline.report.data import MethodLine, MethodTable
from rlsd_pipeline.report.part import Estimate
from rlsd_pipeline.report.tables import cell, equal_rows, framed, head, meanings, table
from rlsd_pipeline.tables.numbers import (
    ABSENT,
    interval,
    level,
    middle,
    p_value,
    percent,
    plain,
    true_minus,
)

ONE_SEED = "One seed: all of this is about these trainings, and says nothing about the methods."
_SAME_SCORES = (
    "their policies answered alike. Methods with the same credit do, and so do untrained ones."
)


class Column(NamedTuple):
    """One column of the method table.

    Attributes:
        head: What stands above it.
        cell: Makes the HTML of its cell from a line.
        meaning: What its numbers are; empty where the head says it all.
    """

    head: str
    cell: Callable[[MethodLine], str]
    meaning: str = ""


def method_table(report: MethodTable) -> str:
    """Scores of all methods, the lines of a benchmark together."""
    columns = _columns(report)
    heads = [head(column.head, place > 0) for place, column in enumerate(columns)]
    bodies = []
    for benchmark, lines in by_benchmark(report.lines).items():
        best = None if one_seed(lines) else max(line.score for line in lines)
        rows = "".join(_row(line, columns, line.score == best) for line in lines)
        title = f'<th scope="rowgroup" colspan="{len(columns)}">{escape(benchmark)}</th>'
        bodies.append(f'<tbody><tr class="group">{title}</tr>{rows}</tbody>')
    star = "highest score of its benchmark, which alone is no evidence of a difference"
    explained = [
        ("★", "" if one_seed(report.lines) else star),
        *((column.head, column.meaning) for column in columns),
        _steps_meaning(report, _steps(report)),
    ]
    equal = "".join(
        equal_rows(map(_answers, lines), _SAME_SCORES)
        for lines in by_benchmark(report.lines).values()
    )
    return framed("scores by method", heads, "".join(bodies)) + equal + meanings(explained)


def _answers(line: MethodLine) -> tuple[object, ...]:
    """The method, and all that is counted in its answers: a score alone may be equal by chance."""
    steps = tuple(sorted(line.steps.items()))
    return (line.method, line.score, line.low, line.high, line.leakage, steps)


def one_seed(lines: Iterable[MethodLine]) -> bool:
    """Whether no method was trained more than once."""
    return all(line.seeds < 2 for line in lines)


def published_table(lines: Iterable[MethodLine]) -> str:
    """What the authors of the methods published, or nothing."""
    numbers: dict[str, Mapping[str, float]] = {
        line.method: line.published for line in lines if line.published
    }
    benchmarks = list(dict.fromkeys(name for values in numbers.values() for name in values))
    rows = [
        [method, *(f"{values[name]:.2f}" if name in values else ABSENT for name in benchmarks)]
        for method, values in numbers.items()
    ]
    return table("published numbers", ["method", *benchmarks], rows) if rows else ""


def by_benchmark(lines: Iterable[MethodLine]) -> dict[str, list[MethodLine]]:
    """Benchmark → its lines, in the order of first mention."""
    groups: dict[str, list[MethodLine]] = {}
    for line in lines:
        groups.setdefault(line.benchmark, []).append(line)
    return groups


def with_interval(estimate: Estimate | None, *, sign: bool = False) -> str:
    """An estimate and its interval as HTML."""
    if estimate is None:
        return ABSENT
    return f"{middle(estimate, sign=sign)} <small>{interval(estimate, sign=sign)}</small>"


def reading(line: MethodLine, confidence: float) -> str:
    """What the test says of a difference, in words and with a sign."""
    if line.difference is None:
        return ABSENT
    if line.seeds < 2:
        return "one seed"
    p = line.difference.p_corrected
    if (line.difference.p if p is None else p) >= 1 - confidence:
        return "≈\u00a0unresolved"
    return "▲\u00a0higher" if line.difference.value > 0 else "▼\u00a0lower"


def _columns(report: MethodTable) -> list[Column]:
    """The columns for which any line has a number."""
    lines, confidence = report.lines, report.confidence
    chosen = [
        Column("method", lambda line: escape(line.method)),
        Column("score", _score, f"{report.score_meaning}; {_level(report)}"),
    ]
    if any(line.difference for line in lines):
        tested = f"at the level {1 - confidence:.2g}; unresolved is not the same as equal"
        chosen += [
            Column(
                f"against {report.baseline}",
                lambda line: with_interval(line.difference, sign=True),
                report.difference_meaning or "paired difference of the scores",
            ),
            Column("p", _p, _p_meaning(lines)),
            Column("reading", lambda line: reading(line, confidence), f"of p {tested}"),
        ]
    if any(line.updates is not None for line in lines):
        chosen.append(Column("updates", _updates, "of the policy that was scored"))
    chosen.append(Column("n", _size, "training seeds × questions asked of each"))
    if any(line.gain for line in lines):
        meaning = "score minus that of the untrained base policy"
        chosen.append(Column("gain", lambda line: with_interval(line.gain, sign=True), meaning))
    if any(line.leakage for line in lines):
        meaning = (
            report.leakage_meaning or "share of responses that mention what only the teacher saw"
        )
        chosen.append(Column("leakage", _leakage, meaning))
    if any(line.blind is not None for line in lines):
        chosen.append(Column("blind", lambda line: plain(line.blind), "score without the image"))
    chosen += _steps(report)
    if len(_tests(lines)) > 1:
        chosen.append(Column("test", _test, "the test behind the p-value"))
    return chosen


def _updates(line: MethodLine) -> str:
    return ABSENT if line.updates is None else f"{line.updates:,}"


def _steps(report: MethodTable) -> list[Column]:
    names = list(dict.fromkeys(name for line in report.lines for name in line.steps))

    def step(name: str) -> Callable[[MethodLine], str]:
        return lambda line: plain(line.steps.get(name))

    return [Column(name, step(name)) for name in names]


def _steps_meaning(report: MethodTable, columns: Sequence[Column]) -> tuple[str, str]:
    names = [column.head for column in columns]
    meaning = report.steps_meaning or "share of responses in which the step is right"
    return ", ".join(names), meaning if names else ""


def _level(report: MethodTable) -> str:
    return f"{level(report.confidence)} interval {report.interval_meaning}".strip()


def _row(line: MethodLine, columns: Sequence[Column], best: bool) -> str:
    cells = [column.cell(line) for column in columns]
    if best:
        cells[0] += ' <span title="highest score of its benchmark">★</span>'
    body = "".join(cell(content, place == 0, place > 0) for place, content in enumerate(cells))
    return f'<tr class="best">{body}</tr>' if best else f"<tr>{body}</tr>"


def _size(line: MethodLine) -> str:
    questions = "" if line.questions is None else f"\u00a0×\u00a0{line.questions:,}"
    return f"{line.seeds}{questions}"


def _score(line: MethodLine) -> str:
    return with_interval(Estimate(value=line.score, low=line.low, high=line.high))


def _p(line: MethodLine) -> str:
    if line.difference is None:
        return ABSENT
    if line.difference.p_corrected is None:
        return p_value(line.difference.p)
    return f"<small>{p_value(line.difference.p)} →</small> {p_value(line.difference.p_corrected)}"


def _test(line: MethodLine) -> str:
    return ABSENT if line.difference is None else escape(line.difference.test)


def _tests(lines: Iterable[MethodLine]) -> list[str]:
    """What gave the p-values."""
    return list(dict.fromkeys(line.difference.test for line in lines if line.difference))


def _p_meaning(lines: Sequence[MethodLine]) -> str:
    tests = _tests(lines)
    by = f" by {tests[0]}" if len(tests) == 1 else ""
    if any(line.difference and line.difference.p_corrected is not None for line in lines):
        return (
            f"of no difference{by} → corrected for all comparisons made here; the intervals are "
            "not corrected"
        )
    return f"of no difference{by}, not corrected for the number of comparisons"


def _leakage(line: MethodLine) -> str:
    if line.leakage is None:
        return ABSENT
    ends = true_minus(f"[{100 * line.leakage.low:.1f}, {100 * line.leakage.high:.1f}]")
    return f"{percent(line.leakage.value)} <small>{ends}</small>"
