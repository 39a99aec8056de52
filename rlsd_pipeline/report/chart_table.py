"""A learning curve as a table, and the caption of its figure."""

from rlsd_pipeline.report.data import BandPoint, Chart
from rlsd_pipeline.tables.numbers import plain, with_ends
from rlsd_pipeline.tables.table import Table, table_of_cells
from schemas import Interval


def curve_table(chart: Chart) -> Table:
    """A row a number of updates, a column a method."""
    found = {
        (curve.method, point.updates): _cell(point)
        for curve in chart.curves
        for point in curve.band
    }
    names = [curve.method for curve in chart.curves]
    updates = sorted({update for _, update in found})
    rows = [[f"{update:g}", *(found.get((name, update)) for name in names)] for update in updates]
    return table_of_cells(chart.name, ["updates", *names], rows)


def curve_caption(chart: Chart) -> str:
    """What the bands are over, how many seeds each method has, and the blind score."""
    seeds = ", ".join(f"{curve.method} {curve.n_seeds}" for curve in chart.curves)
    if len(counts := {curve.n_seeds for curve in chart.curves}) == 1:
        seeds = f"{counts.pop()} each"
    blind = "" if chart.blind is None else f" Dotted: blind baseline, {plain(chart.blind)}."
    return f"{chart.band_meaning} Seeds: {seeds}.{blind}".strip()


def _cell(point: BandPoint) -> str:
    """A mean with its interval, unless there is none."""
    if point.low == point.high:
        return plain(point.mean)
    return with_ends(Interval(value=point.mean, low=point.low, high=point.high))
