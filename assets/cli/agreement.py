"""Prints a matrix over methods: all of it for a few methods, a row a method for many."""

from collections.abc import Sequence

from rich.markup import escape

from assets.cli.fitted import FittedTable
from assets.stages.cells import number
from rlsd_pipeline.credit.agreement import Agreement, Matrix, Other, agreements
from schemas import WeightingComparison

_MANY = 7
"""A matrix of more methods is wider than 80 characters."""


def rank_tables(comparison: WeightingComparison) -> list[FittedTable]:
    """Returns the tables of both rank correlations."""
    names = [method.method for method in comparison.methods]
    return [
        agreement_table(
            "rank correlation of credit between methods (Spearman, all tokens)",
            names,
            comparison.rank_correlation,
            "every token has the same credit",
        ),
        agreement_table(
            "the same within responses: who agrees on which tokens count",
            names,
            comparison.rank_correlation_within,
            "all tokens of a response have the same credit",
        ),
    ]


def agreement_table(
    title: str, names: Sequence[str], values: Matrix, undefined: str
) -> FittedTable:
    """Returns the matrix, or for many methods the nearest and the furthest method of each.

    Args:
        title: Title, as markup.
        names: The methods.
        values: Correlations or cosines, `[names, names]`.
        undefined: Why a method has no values.
    """
    if len(names) <= _MANY:
        return _matrix(title, names, values)
    found = agreements(names, values)
    table = FittedTable(
        title,
        *("method", "nearest", "value", "furthest", "value"),
        note=escape(_note(names, found, undefined)),
        together=2,
    )
    for column in (1, 3):
        table.columns[column].justify = "left"
    for one in found:
        table.add_row(one.methods[0], *_cells(one.nearest), *_cells(one.furthest))
    return table


def _matrix(title: str, names: Sequence[str], values: Matrix) -> FittedTable:
    table = FittedTable(title, "", *(str(place) for place, _ in enumerate(names, start=1)))
    for place, (name, row) in enumerate(zip(names, values, strict=True), start=1):
        table.add_row(f"{place} {name}", *(number(value, ".2f") for value in row))
    return table


def _cells(found: Other | None) -> tuple[str, str]:
    return ("-", "-") if found is None else (found.method, number(found.value, "z.3f"))


def _note(names: Sequence[str], found: Sequence[Agreement], undefined: str) -> str:
    """Names the methods that have no row of their own, and the way to the whole matrix."""
    equal = [" = ".join(one.methods) for one in found if len(one.methods) > 1]
    shown = {name for one in found for name in one.methods}
    others = [name for name in names if name not in shown]
    lines = [f"Methods with the value 1 share a row: {'; '.join(equal)}."] if equal else []
    lines += [f"No value, because {undefined}: {'; '.join(others)}."] if others else []
    lines.append(
        "Similar methods are next to each other. --pairs FILE.parquet writes the whole matrix."
    )
    return "\n".join(lines)
