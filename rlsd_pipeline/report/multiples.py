"""Many small charts in one picture, for places that show only one picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rlsd_pipeline.report.canvas import drawn, shortened
from rlsd_pipeline.report.data import Chart
from rlsd_pipeline.report.figures import CROWD, draw_curve
from rlsd_pipeline.report.styles import Style, method_styles

_COLUMNS = 3
_CELL = (3.3, 2.0)


@drawn
def small_multiples(charts: Sequence[Chart], styles: Mapping[str, Style] | None = None) -> Figure:
    """A small chart a quantity, with one legend for all.

    Args:
        charts: What to draw; at least one.
        styles: Method → style; by default in the order of the curves.
    """
    names = list(dict.fromkeys(curve.method for chart in charts for curve in chart.curves))
    styles = styles or method_styles(names)
    rows = -(-len(charts) // _COLUMNS)
    legend = 0.28 * -(-len(names) // 5)
    size = (_COLUMNS * _CELL[0], rows * _CELL[1] + legend)
    figure = Figure(figsize=size, layout="constrained")
    for place, chart in enumerate(charts, start=1):
        axes = figure.add_subplot(rows, _COLUMNS, place)
        axes.grid(axis="y")
        for curve in chart.curves:
            band = curve.model_copy(update={"seeds": {}})
            draw_curve(axes, band, styles[curve.method], len(chart.curves) > CROWD)
        axes.set_title(shortened(chart.name, 34), loc="left", fontsize=9.5)
        axes.set_ylabel(chart.y_label, fontsize=8)
        axes.tick_params(labelsize=8)
        axes.margins(x=0.02)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if place > len(charts) - _COLUMNS:
            axes.set_xlabel("updates", fontsize=8.5)
    marks = [_mark(styles[name]) for name in names]
    labels = [shortened(name) for name in names]
    figure.legend(marks, labels, loc="outside upper left", ncols=5, frameon=False, fontsize=8.5)
    return figure


def _mark(style: Style) -> Line2D:
    # Any, because matplotlib's stubs list every dash they know.
    look: Any = {"linestyle": style.line, "marker": style.marker, "color": style.colour}
    return Line2D([], [], markersize=4.5, **look)
