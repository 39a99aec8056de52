"""The figures of trainings: curves over the updates, and what was learnt against fidelity."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rlsd_pipeline.report.canvas import drawn, label_ends, new_axes, shortened
from rlsd_pipeline.report.charts import Chart, Curve, LearningPlot
from rlsd_pipeline.report.styles import INK, Style, Styles
from rlsd_pipeline.tables.numbers import ends_of

# With more methods than this, seeds are not drawn on their own and bands are fainter.
CROWD = 6
_COLUMNS = 3
_CELL = (3.3, 2.0)


@drawn
def learning_curves(chart: Chart, styles: Styles) -> Figure:
    """The mean of each method over the updates, its band, and its seeds as faint lines."""
    figure, axes = _labelled_axes(len(chart.curves))
    axes.grid(axis="y")
    for curve in chart.curves:
        _draw_curve(axes, curve, styles[curve.method], len(chart.curves) > CROWD)
    if chart.blind is not None:
        axes.axhline(chart.blind, color=INK, linestyle=(0, (1, 2)), linewidth=1)
        axes.annotate(
            "blind",
            (0, chart.blind),
            xycoords=("axes fraction", "data"),
            xytext=(3, 2),
            textcoords="offset points",
            fontsize=8.5,
        )
    axes.set(xlabel="updates", ylabel=chart.y_label)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    lasts = [(curve.method, *list(curve.band.items())[-1]) for curve in chart.curves if curve.band]
    label_ends(axes, [(method, updates, mean.value) for method, updates, mean in lasts], styles)
    return figure


@drawn
def small_multiples(charts: Sequence[Chart], styles: Styles) -> Figure:
    """A small chart a quantity with one legend for all, for places that show only one picture.

    Args:
        charts: At least one.
        styles: Of all their methods.
    """
    names = list(dict.fromkeys(curve.method for chart in charts for curve in chart.curves))
    rows = -(-len(charts) // _COLUMNS)
    legend = 0.28 * -(-len(names) // 5)
    size = (_COLUMNS * _CELL[0], rows * _CELL[1] + legend)
    figure = Figure(figsize=size, layout="constrained")
    for place, chart in enumerate(charts, start=1):
        axes = figure.add_subplot(rows, _COLUMNS, place)
        axes.grid(axis="y")
        for curve in chart.curves:
            band = curve.model_copy(update={"seeds": {}})
            _draw_curve(axes, band, styles[curve.method], len(chart.curves) > CROWD)
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


@drawn
def learning_against_fidelity(plot: LearningPlot, styles: Styles) -> Figure:
    """A mark a method: its fidelity to the right, its gain over the baseline upwards."""
    figure, axes = _labelled_axes(len(plot.points))
    axes.grid()
    axes.axhline(0, color=INK, linewidth=1)
    for point in plot.points:
        x, y, style = point.fidelity, point.gain, styles[point.method]
        if ends := ends_of(x):
            axes.plot(ends, [y.value] * 2, color=style.colour, linewidth=1.2)
        if ends := ends_of(y):
            axes.plot([x.value] * 2, ends, color=style.colour, linewidth=1.2)
        axes.plot(x.value, y.value, style.marker, color=style.colour, markersize=6.5)
    axes.set(
        xlabel="fidelity of the credit: 0 random, 1 the true advantage",
        ylabel=f"{plot.name}\nminus {shortened(plot.baseline)}",
    )
    label_ends(axes, [(p.method, p.fidelity.value, p.gain.value) for p in plot.points], styles)
    return figure


def _labelled_axes(methods: int) -> tuple[Figure, Axes]:
    """Axes high enough for the names of the methods beside them."""
    return new_axes(max(3.1, 0.9 + 0.2 * methods))


def _draw_curve(axes: Axes, curve: Curve, style: Style, crowded: bool) -> None:
    """A method's mean with its band, and its seeds as faint lines where there is room."""
    if len(curve.seeds) > 1 and not crowded:
        for line in curve.seeds.values():
            axes.plot(
                list(line), list(line.values()), color=style.colour, linewidth=0.6, alpha=0.45
            )
    updates, means = list(curve.band), curve.band.values()
    low, high = [mean.low for mean in means], [mean.high for mean in means]
    axes.fill_between(
        updates, low, high, color=style.colour, alpha=0.06 if crowded else 0.13, linewidth=0
    )
    axes.plot(
        updates,
        [mean.value for mean in means],
        color=style.colour,
        linewidth=1.6,
        linestyle=style.line,
        marker=style.marker,
        markersize=4.5,
        markevery=max(1, len(updates) // 8),
    )


def _mark(style: Style) -> Line2D:
    # Any, because matplotlib's stubs list every dash they know.
    look: Any = {"linestyle": style.line, "marker": style.marker, "color": style.colour}
    return Line2D([], [], markersize=4.5, **look)
