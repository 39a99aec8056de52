"""The numbers of curves, plots and heat maps as tables, and the caption of a curve."""

from operator import attrgetter

from rlsd_pipeline.report.charts import Chart, Grid, LearningPlot
from rlsd_pipeline.tables.credit import METHOD
from rlsd_pipeline.tables.numbers import plain, with_ends
from rlsd_pipeline.tables.table import Column, Table, table_of_cells
from schemas import Interval


def curve_table(chart: Chart) -> Table:
    """A row a number of updates, a column a method."""
    bands = {curve.method: curve.band for curve in chart.curves}
    rows = [
        [f"{at:g}", *(_cell(band.get(at)) for band in bands.values())]
        for at in sorted(set().union(*bands.values()))
    ]
    return table_of_cells(chart.name, ["updates", *bands], rows)


def _cell(found: Interval | None) -> str | None:
    """A mean with its interval, unless there is none."""
    if found is None:
        return None
    return plain(found.value) if found.low == found.high else with_ends(found)


def curve_caption(chart: Chart) -> str:
    """What the bands are over, how many seeds each method has, and the blind score."""
    seeds = ", ".join(f"{curve.method} {curve.n_seeds}" for curve in chart.curves)
    if len(counts := {curve.n_seeds for curve in chart.curves}) == 1:
        seeds = f"{counts.pop()} each"
    blind = "" if chart.blind is None else f" Dotted: blind baseline, {plain(chart.blind)}."
    return f"{chart.band_meaning} Seeds: {seeds}.{blind}".strip()


def learning_table(plot: LearningPlot) -> Table:
    """The fidelity of every method, and its gain over the baseline."""
    gain = Column(f"minus {plot.baseline}", attrgetter("gain"), "+")
    columns = [METHOD, Column("fidelity", attrgetter("fidelity")), gain]
    return Table(plot.name, columns, plot.points)


def grid_tables(grid: Grid) -> list[Table]:
    """Each map with its intervals: a row an ε_w, a column a λ."""
    heads = ["ε_w", *(f"λ = {mix:g}" for mix in grid.mixes)]
    tables = []
    for one in grid.maps:
        rows = [[f"{clip:g}", *of] for clip, of in zip(grid.clips, one.cells, strict=True)]
        form = "+.3f" if one.is_difference else ".3f"
        tables.append(table_of_cells(one.name, heads, rows, form=form))
    return tables
