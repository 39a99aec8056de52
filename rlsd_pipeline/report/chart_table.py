"""A learning curve as a table, and the caption of its figure."""

from rlsd_pipeline.report.data import Chart
from rlsd_pipeline.tables.numbers import plain, with_ends
from rlsd_pipeline.tables.table import Table, table_of_cells
from schemas import Interval


def curve_table(chart: Chart) -> Table:
    """A row a number of updates, a column a method."""
    bands = {curve.method: curve.band for curve in chart.curves}
    rows = [
        [f"{at:g}", *(_cell(band.get(at)) for band in bands.values())]
        for at in sorted(set().union(*bands.values()))
    ]
    return table_of_cells(chart.name, ["updates", *bands], rows)


def curve_caption(chart: Chart) -> str:
    """What the bands are over, how many seeds each method has, and the blind score."""
    seeds = ", ".join(f"{curve.method} {curve.n_seeds}" for curve in chart.curves)
    if len(counts := {curve.n_seeds for curve in chart.curves}) == 1:
        seeds = f"{counts.pop()} each"
    blind = "" if chart.blind is None else f" Dotted: blind baseline, {plain(chart.blind)}."
    return f"{chart.band_meaning} Seeds: {seeds}.{blind}".strip()


def _cell(found: Interval | None) -> str | None:
    """A mean with its interval, unless there is none."""
    if found is None:
        return None
    return plain(found.value) if found.low == found.high else with_ends(found)
