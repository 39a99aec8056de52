"""Tables of a matrix over methods: all of it for a few methods, a row a method for many."""

from collections.abc import Sequence

from rlsd_pipeline.credit.agreement import Agreement, Matrix, agreements
from rlsd_pipeline.tables.credit import nearest_and_furthest
from rlsd_pipeline.tables.table import Column, Table, table_of_cells
from schemas import WeightingComparison

_MANY = 7
"""A matrix of more methods is wider than 80 characters."""


def rank_tables(comparison: WeightingComparison) -> list[Table]:
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


def agreement_table(title: str, names: Sequence[str], values: Matrix, undefined: str) -> Table:
    """Returns the matrix, or for many methods the nearest and the furthest method of each.

    Args:
        title: Title of the table.
        names: The methods.
        values: Correlations or cosines, `[names, names]`.
        undefined: Why a method has no values.
    """
    if len(names) <= _MANY:
        places = range(1, len(names) + 1)
        rows = [[f"{at} {name}", *row] for at, name, row in zip(places, names, values, strict=True)]
        return table_of_cells(title, ["", *map(str, places)], rows, form=".2f")
    found = agreements(names, values)
    columns = [
        Column("method", lambda one: one.methods[0]),
        *nearest_and_furthest("z.3f"),
    ]
    return Table(title, columns, found, [_note(names, found, undefined)], together=2)


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
