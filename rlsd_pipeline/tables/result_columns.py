"""Every column that a table of results may have: each is declared here alone."""

from collections.abc import Callable, Collection, Iterable, Sequence
from operator import attrgetter

from rlsd_pipeline.tables.credit import METHOD
from rlsd_pipeline.tables.numbers import ABSENT, ends_of
from rlsd_pipeline.tables.table import Column, value_at
from schemas import Interval, MethodResult

STEPS = ("perceive", "compare", "negate", "answer")
"""Steps of the reasoning on easy-VQA, in the order in which they are taken."""


def result_columns(
    names: Iterable[str],
    lines: Sequence[MethodResult],
    against: str,
    without: Collection[str] = (),
) -> list[Column]:
    """The named columns that any of these lines has a value for.

    Args:
        names: As in `declared`; `each step` is a column a step.
        lines: What the table shows.
        against: Head of the difference to the method that all are compared with.
        without: Names that are left out in any case.
    """
    steps = step_names(lines)
    known = declared(against, steps)
    split = [one for name in names for one in (steps if name == "each step" else [name])]
    return filled([known[name] for name in split if name not in without], lines)


def filled(columns: Iterable[Column], lines: Sequence[MethodResult]) -> list[Column]:
    """The columns that any line has a value for."""
    return [each for each in columns if any(each.value(line) is not None for line in lines)]


def declared(against: str, steps: Sequence[str]) -> dict[str, Column]:
    """Every column of a result, by a name of its own.

    Args:
        against: Head of the difference to the method that all are compared with.
        steps: Names of the steps of the reasoning.
    """
    p_value = value_at("difference", "p_corrected")
    columns = {
        "method": METHOD,
        "policy": METHOD._replace(head="policy"),
        "benchmark": Column("benchmark", attrgetter("benchmark"), "<"),
        "accuracy": Column("accuracy", attrgetter("score")),
        "difference": Column(against, attrgetter("difference"), "+.3f"),
        "p": Column("p (Holm)", p_value, "p"),
        "p among methods": Column("p (Holm, methods)", p_value, "p"),
        "seeds": Column("seeds", lambda line: len(line.seeds), "d"),
        "gain": Column("gain", attrgetter("gain"), "+.3f"),
        "gain alone": Column("gain", value_at("gain", "value"), "+.3f"),
        "p of the gain": Column("p (Holm, benchmarks)", value_at("gain", "p_corrected"), "p"),
        "p of the gain, short": Column("p", value_at("gain", "p_corrected"), ".1g"),
        "with a judge": Column("with a judge", attrgetter("judged")),
        "mentions": Column("mentions a reference", _mentions),
        "mentions alone": Column("mentions", attrgetter("mentions.value")),
        "steps": Column(" / ".join(steps), _all_steps(steps), "<"),
    }
    for name in ("detectable", "judged", "blind"):
        columns[name] = Column(name, attrgetter(name))
    for name in ("updates", "unparsed", "truncated"):
        columns[name] = Column(name, attrgetter(name), "d")
    return columns | {step: Column(step, value_at("steps", step)) for step in steps}


def step_names(lines: Iterable[MethodResult]) -> list[str]:
    """The steps of the reasoning that are judged, in their order; unknown ones last."""
    found = {name for line in lines for name in line.steps}
    return [*(name for name in STEPS if name in found), *sorted(found.difference(STEPS))]


def _mentions(line: MethodResult) -> Interval | None:
    return line.mentions if ends_of(line.mentions) else None


def _all_steps(names: Sequence[str]) -> Callable[[MethodResult], str | None]:
    def read(line: MethodResult) -> str | None:
        cells = [f"{line.steps[n]:.2f}" if n in line.steps else ABSENT for n in names]
        return " / ".join(cells) if line.steps else None

    return read
