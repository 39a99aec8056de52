"""Draws a matrix over methods as coloured cells with numbers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from rlsd_pipeline.credit.agreement import similar_together
from rlsd_pipeline.report.canvas import WIDTH, drawn, shortened
from rlsd_pipeline.report.styles import INK, NEGATIVE, POSITIVE
from rlsd_pipeline.tables.numbers import true_minus

DIVERGING = LinearSegmentedColormap.from_list("blue-orange", [NEGATIVE, "#f7f7f7", POSITIVE])
MANY = 12
"""Above this number of methods the cells are small, hold hundredths, and are sorted."""


@drawn
def heat_map(matrix: Sequence[Sequence[float]], methods: Sequence[str]) -> Figure:
    """Draws correlations or cosines between methods, with the number in every cell.

    Args:
        matrix: Values in [−1, 1], nan where undefined; `[methods, methods]`.
        methods: Names of rows and columns.
    """
    values, names = np.asarray(matrix, dtype=float), [shortened(method) for method in methods]
    count = len(names)
    if count <= MANY:
        figure, axes = _cells(values, max(WIDTH, 1.5 + 0.4 * count), 1.15 + 0.34 * count)
        _numbers(axes, values, 1, ".2f", 8.5)
    else:
        order = similar_together(matrix)
        values, names = values[np.ix_(order, order)], [names[place] for place in order]
        figure, axes = _cells(values, 1.6 + 0.25 * count, 1.6 + 0.22 * count)
        _numbers(axes, values, 100, ".0f", 7.5)
    axes.set_xticks(range(count), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), names)
    return figure


def _cells(values: np.ndarray, width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    # Not full strength at the ends, so that black numbers stay readable on every cell.
    cells = np.ma.masked_invalid(0.62 * values)
    edges = np.arange(len(values) + 1) - 0.5
    axes.pcolormesh(
        edges, edges, cells, cmap=DIVERGING, vmin=-1, vmax=1, edgecolors="face", linewidth=0.3
    )
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure, axes


def _numbers(axes: Axes, values: np.ndarray, times: int, form: str, size: float) -> None:
    """Writes each value, multiplied by `times`, into its cell."""
    for (row, column), value in np.ndenumerate(values):
        # A value that rounds to 0 gets no sign.
        text = "–" if np.isnan(value) else true_minus(f"{times * value:z{form}}")
        ink = INK if np.isnan(value) else "#000000"
        cell = axes.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)
        # Measuring every number would slow the layout, and none extends beyond its cell.
        cell.set_in_layout(False)
