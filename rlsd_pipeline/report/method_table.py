"""The results on the page: a line a method, and what every column means."""

from collections.abc import Iterable, Sequence

from rlsd_pipeline.evaluation.published import BENCHMARKS, published_methods
from rlsd_pipeline.statistics.intervals import SEEDS_REASON
from rlsd_pipeline.tables.numbers import (
    ends_of,
    level,
    p_value,
    percent,
    true_minus,
)
from rlsd_pipeline.tables.result_columns import declared, filled, step_names
from rlsd_pipeline.tables.results import by_name, over_seeds, reading
from rlsd_pipeline.tables.table import Column, Table, table_of_cells, value_at
from schemas import MethodLookahead, MethodResult, Results, ScoreDifference

ONE_SEED = "One seed: all of this is about these trainings, and says nothing about the methods."
LEAKAGE = (
    "Leakage is the share of held-out responses that mention a reference, although none was shown."
)
_SIGNS = {"higher": "▲\u00a0", "lower": "▼\u00a0", "unresolved": "≈\u00a0", "one seed": ""}
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


def method_columns(results: Results) -> list[Column]:
    """The columns for which any line has a value, each with what it means."""
    lines = results.lines
    meaning = _meanings(results)
    steps = step_names(lines)
    shared = declared(f"against {results.compared_with}", steps)
    own = {
        "p": Column("p", _p, "<"),
        "reading": Column("reading", lambda line: _reading(line, results.confidence), "<"),
        "leakage": Column("leakage", _leakage, "<"),
        "test": Column("test", value_at("difference", "test"), "<"),
    }
    columns = shared | own
    last = ["test"] if len(_tests(lines)) > 1 else []
    names = ["method", *(name for name in meaning if name != "test"), *steps, *last]
    chosen = [columns[name]._replace(meaning=meaning.get(name, "")) for name in names]
    return filled(chosen, lines)


def _meanings(results: Results) -> dict[str, str]:
    """Name of a column → what its numbers are, in the order of the table."""
    confidence = results.confidence
    test = f"at the level {1 - confidence:.2g}"
    return {
        "accuracy": f"share of correct responses; {level(confidence)} interval "
        f"{interval_meaning(results)}",
        "difference": difference_meaning(results),
        "p": _p_meaning(results.lines),
        "reading": f"of p {test}; unresolved is not the same as equal",
        "updates": "of the policy that was scored",
        "seeds": "trainings that the numbers are of",
        "gain": "accuracy minus that of the untrained base policy",
        "leakage": LEAKAGE,
        "blind": "accuracy without the image",
        "test": "the test behind the p-value",
    }


def _reading(line: MethodResult, confidence: float) -> str | None:
    """In words and with a sign."""
    found = reading(line, confidence)
    return found and _SIGNS[found] + found


def _p(line: MethodResult) -> str | None:
    if (found := line.difference) is None:
        return None
    if found.p_corrected is None:
        return p_value(found.p_value)
    return f"{p_value(found.p_value)} → {p_value(found.p_corrected)}"


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


def _leakage(line: MethodResult) -> str | None:
    ends = ends_of(line.mentions)
    if ends is None:
        return None
    low, high = (100 * end for end in ends)
    return f"{percent(line.mentions.value)} {true_minus(f'[{low:.1f}, {high:.1f}]')}"
