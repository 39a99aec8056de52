"""Draws matrices as coloured cells with numbers: methods by methods, and λ by ε_w."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from rlsd_pipeline.credit.agreement import similar_together
from rlsd_pipeline.report.canvas import WIDTH, drawn, new_axes, shortened
from rlsd_pipeline.report.charts import Grid, GridMap
from rlsd_pipeline.report.styles import INK, NEGATIVE, POSITIVE
from rlsd_pipeline.tables.numbers import ABSENT, true_minus

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
        figure, axes = new_axes(1.15 + 0.34 * count, max(WIDTH, 1.5 + 0.4 * count))
        _number(axes, values, "z.2f", 8.5)
    else:
        order = similar_together(matrix)
        values, names = values[np.ix_(order, order)], [names[place] for place in order]
        figure, axes = new_axes(1.6 + 0.22 * count, 1.6 + 0.25 * count)
        _number(axes, 100 * values, "z.0f", 7.5)
    _colour(axes, values, "face", 0.3)
    axes.invert_yaxis()
    axes.set_xticks(range(count), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), names)
    return figure


@drawn
def grid_map(grid: Grid, one: GridMap) -> Figure:
    """A cell a setting: its number, coloured by what it differs from the compared method.

    Blue is better than the compared method, orange worse; the strongest colour is the largest
    difference in the map.

    Args:
        grid: Names λ and ε_w.
        one: What to draw.
    """
    figure, axes = new_axes(1.0 + 0.42 * len(grid.clips))
    values = np.array([[np.nan if c is None else c.value for c in row] for row in one.cells])
    _colour(axes, _shares(values, one), "white", 0.6)
    _number(axes, values, "+z.3f" if one.is_difference else "z.3f", 9)
    axes.set_xticks(range(len(grid.mixes)), [f"{mix:g}" for mix in grid.mixes])
    axes.set_yticks(range(len(grid.clips)), [f"{clip:g}" for clip in grid.clips])
    axes.set(xlabel="λ: share of the weighted credit", ylabel="ε_w: bound", title=one.name)
    return figure


def _shares(values: np.ndarray, one: GridMap) -> np.ndarray:
    """Differences to the compared method as shares of the largest; what is better is positive."""
    better = 1 if one.better == "higher" else -1
    differences = better * (values - (one.baseline or 0.0))
    largest = np.nanmax(np.abs(differences), initial=0.0)
    return differences / largest if largest else differences


def _colour(axes: Axes, shades: np.ndarray, edges: str, width: float) -> None:
    """A cell a number in [−1, 1], orange to blue; nan has none."""
    places = [np.arange(length + 1) - 0.5 for length in reversed(shades.shape)]
    # Not full strength at the ends, so that black numbers stay readable on every cell.
    cells = np.ma.masked_invalid(0.62 * shades)
    axes.pcolormesh(
        *places, cells, cmap=DIVERGING, vmin=-1, vmax=1, edgecolors=edges, linewidth=width
    )
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _number(axes: Axes, values: np.ndarray, form: str, size: float) -> None:
    """Writes each value into its cell; one that rounds to 0 gets no sign by a form with `z`."""
    for (row, column), value in np.ndenumerate(values):
        text = ABSENT if np.isnan(value) else true_minus(f"{value:{form}}")
        ink = INK if np.isnan(value) else "#000000"
        cell = axes.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)
        # Measuring every number would slow the layout, and none extends beyond its cell.
        cell.set_in_layout(False)
