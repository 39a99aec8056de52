"""Table of all pairs of compared methods: rank correlations and cosines of gradients."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from schemas import GradientComparison, WeightingComparison

_COLUMNS = ("rank_correlation", "rank_correlation_within", "gradient_cosine")

Cells = dict[tuple[str, str], float | None]


def pairs_table(
    found: WeightingComparison, gradients: GradientComparison | None = None
) -> pa.Table:
    """Returns a row for every ordered pair of methods, so that a pivot gives the matrix.

    Args:
        found: The comparison.
        gradients: The gradients on the same rollouts; None leaves the cosines null.
    """
    names = [method.method for method in found.methods]
    matrices = [
        _cells(names, found.rank_correlation),
        _cells(names, found.rank_correlation_within),
        {} if gradients is None else _cells(gradients.methods, gradients.cosines),
    ]
    pairs = list(dict.fromkeys(pair for cells in matrices for pair in cells))
    columns: dict[str, pa.Array] = {
        "method": pa.array([method for method, _ in pairs], pa.string()),
        "other": pa.array([other for _, other in pairs], pa.string()),
    }
    for name, cells in zip(_COLUMNS, matrices, strict=True):
        columns[name] = pa.array([cells.get(pair) for pair in pairs], pa.float64())
    return pa.table(columns)


def _cells(names: Sequence[str], matrix: Sequence[Sequence[float | None]]) -> Cells:
    return {
        (name, other): value
        for name, row in zip(names, matrix, strict=True)
        for other, value in zip(names, row, strict=True)
    }
