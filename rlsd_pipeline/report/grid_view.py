"""RLSD over λ and ε_w: a heat map a quantity, and its table."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from rlsd_pipeline.report.canvas import drawn, new_axes
from rlsd_pipeline.report.grid import Grid, GridMap
from rlsd_pipeline.report.heat_map import DIVERGING
from rlsd_pipeline.tables.numbers import ABSENT, true_minus, with_ends
from rlsd_pipeline.tables.table import Table, table_of_cells


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
    edges = [np.arange(length + 1) - 0.5 for length in (len(grid.mixes), len(grid.clips))]
    # Not full strength at the ends, so that black numbers stay readable on every cell.
    cells = np.ma.masked_invalid(0.62 * _shares(values, one))
    axes.pcolormesh(
        *edges, cells, cmap=DIVERGING, vmin=-1, vmax=1, edgecolors="white", linewidth=0.6
    )
    axes.set_xticks(range(len(grid.mixes)), [f"{mix:g}" for mix in grid.mixes])
    axes.set_yticks(range(len(grid.clips)), [f"{clip:g}" for clip in grid.clips])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    form = "+z.3f" if one.is_difference else "z.3f"
    for (row, column), value in np.ndenumerate(values):
        text = ABSENT if np.isnan(value) else true_minus(f"{value:{form}}")
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color="#000000")
    axes.set(xlabel="λ: share of the weighted credit", ylabel="ε_w: bound", title=one.name)
    return figure


def _shares(values: np.ndarray, one: GridMap) -> np.ndarray:
    """Differences to the compared method as shares of the largest; what is better is positive."""
    better = 1 if one.better == "higher" else -1
    differences = better * (values - (one.baseline or 0.0))
    largest = np.nanmax(np.abs(differences), initial=0.0)
    return differences / largest if largest else differences


def grid_tables(grid: Grid) -> list[Table]:
    """Each map as a table, with intervals."""
    heads = ["ε_w", *(f"λ = {mix:g}" for mix in grid.mixes)]
    return [table_of_cells(one.name, heads, list(_rows(grid, one))) for one in grid.maps]


def _rows(grid: Grid, one: GridMap) -> Iterator[list[str]]:
    for clip, cells in zip(grid.clips, one.cells, strict=True):
        found = (
            ABSENT if cell is None else with_ends(cell, sign=one.is_difference) for cell in cells
        )
        yield [f"{clip:g}", *found]
