"""The results on the page: a line a method, and what every column means."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from rlsd_pipeline.evaluation.published import BENCHMARKS, published_methods
from rlsd_pipeline.statistics.intervals import SEEDS_REASON
from rlsd_pipeline.tables.credit import METHOD
from rlsd_pipeline.tables.numbers import (
    ABSENT,
    ends_of,
    level,
    p_value,
    percent,
    true_minus,
)
from rlsd_pipeline.tables.results import by_name, over_seeds
from rlsd_pipeline.tables.table import Column, Table, table_of_cells
from schemas import MethodLookahead, MethodResult, Results, ScoreDifference

ONE_SEED = "One seed: all of this is about these trainings, and says nothing about the methods."
LEAKAGE = (
    "Leakage is the share of held-out responses that mention a reference, although none was shown."
)
STEPS = "Each step of the reasoning is judged given the step before."


def method_tables(results: Results, columns: Sequence[Column]) -> list[Table]:
    """A table a benchmark, all with the same columns."""
    return [Table(name, columns, lines) for name, lines in by_name(results.lines).items()]


def answers(line: MethodResult) -> tuple[object, ...]:
    """The method, and all that is counted in its answers: a score alone may be equal by chance."""
    return (line.method, line.score, line.mentions, tuple(sorted(line.steps.items())))


def differences(lines: Iterable[MethodResult | MethodLookahead]) -> dict[str, ScoreDifference]:
    """Method → its difference, where there is one."""
    return {line.method: line.difference for line in lines if line.difference}


def published_table(lines: Sequence[MethodResult]) -> Table:
    """What the authors of the methods published."""
    found = published_methods({line.method: line.weighting for line in lines})
    rows = [[method, *(f"{value:.2f}" for value in values)] for method, values in found.items()]
    return table_of_cells("published numbers", ["method", *BENCHMARKS], rows)


def interval_meaning(results: Results) -> str:
    """What the intervals of scores are over."""
    several = over_seeds(results.lines)
    return f"over seeds (Student's t). {SEEDS_REASON}" if several else "over questions"


def difference_meaning(results: Results) -> str:
    """How differences are paired, tested and corrected."""
    several = over_seeds(results.lines)
    pairs = "arms of one seed (same start, same problems)" if several else "the same questions"
    return (
        f"Differences to {results.compared_with} are paired over {pairs}; p-values are two-sided, "
        "Holm-corrected for the number of methods on a benchmark; their intervals are not "
        "corrected."
    )


def reading(line: MethodResult, confidence: float) -> str | None:
    """What the test says of a difference, in words and with a sign."""
    found = line.difference
    if found is None:
        return None
    if len(line.seeds) < 2:
        return "one seed"
    p = found.p_value if found.p_corrected is None else found.p_corrected
    if p >= 1 - confidence:
        return "≈\u00a0unresolved"
    return "▲\u00a0higher" if found.value > 0 else "▼\u00a0lower"


def method_columns(results: Results) -> list[Column]:
    """The columns for which any line has a number."""
    lines, confidence = results.lines, results.confidence
    over = interval_meaning(results)
    meaning = f"share of correct responses; {level(confidence)} interval {over}"
    chosen = [METHOD, Column("score", attrgetter("score"), "", meaning)]
    if any(line.difference for line in lines):
        against, test = f"against {results.compared_with}", f"at the level {1 - confidence:.2g}"
        chosen += [
            Column(against, attrgetter("difference"), "+", difference_meaning(results)),
            Column("p", _p, meaning=_p_meaning(lines)),
            Column(
                "reading",
                lambda line: reading(line, confidence),
                meaning=f"of p {test}; unresolved is not the same as equal",
            ),
        ]
    chosen += [
        Column("updates", attrgetter("updates"), meaning="of the policy that was scored"),
        Column(
            "n", lambda line: len(line.seeds), meaning="training seeds × questions asked of each"
        ),
    ]
    if any(line.gain for line in lines):
        meaning = "score minus that of the untrained base policy"
        chosen.append(Column("gain", attrgetter("gain"), "+", meaning))
    if any(ends_of(line.mentions) for line in lines):
        chosen.append(Column("leakage", _leakage, meaning=LEAKAGE))
    if any(line.blind is not None for line in lines):
        chosen.append(Column("blind", attrgetter("blind"), meaning="score without the image"))
    chosen += [_step(name) for name in steps_of(lines)]
    if len(_tests(lines)) > 1:
        chosen.append(Column("test", _test, meaning="the test behind the p-value"))
    return chosen


def steps_of(lines: Iterable[MethodResult]) -> list[str]:
    """The steps of the reasoning that are judged."""
    return list(dict.fromkeys(name for line in lines for name in line.steps))


def _step(name: str) -> Column:
    return Column(name, lambda line: line.steps.get(name))


def _p(line: MethodResult) -> str | None:
    if (found := line.difference) is None:
        return None
    if found.p_corrected is None:
        return p_value(found.p_value)
    return f"{p_value(found.p_value)} → {p_value(found.p_corrected)}"


def _test(line: MethodResult) -> str | None:
    return None if line.difference is None else line.difference.test


def _tests(lines: Iterable[MethodResult]) -> list[str]:
    """What gave the p-values."""
    return list(dict.fromkeys(line.difference.test for line in lines if line.difference))


def _p_meaning(lines: Sequence[MethodResult]) -> str:
    tests = _tests(lines)
    by = f" by {tests[0]}" if len(tests) == 1 else ""
    if any(line.difference and line.difference.p_corrected is not None for line in lines):
        return (
            f"of no difference{by} → corrected for all comparisons made here; the intervals are "
            "not corrected"
        )
    return f"of no difference{by}, not corrected for the number of comparisons"


def _leakage(line: MethodResult) -> str:
    ends = ends_of(line.mentions)
    if ends is None:
        return ABSENT
    low, high = (100 * end for end in ends)
    return f"{percent(line.mentions.value)} {true_minus(f'[{low:.1f}, {high:.1f}]')}"
