"""Learning against fidelity: a figure and its table."""

from collections.abc import Mapping
from operator import attrgetter

from matplotlib.figure import Figure

from rlsd_pipeline.report.canvas import drawn, label_ends, new_axes, shortened
from rlsd_pipeline.report.learning import LearningPlot
from rlsd_pipeline.report.styles import INK, Style, method_styles
from rlsd_pipeline.tables.credit import METHOD
from rlsd_pipeline.tables.numbers import ends_of
from rlsd_pipeline.tables.table import Column, Table


@drawn
def learning_against_fidelity(
    plot: LearningPlot, styles: Mapping[str, Style] | None = None
) -> Figure:
    """A mark a method: its fidelity to the right, its gain over the baseline upwards.

    Args:
        plot: What to draw.
        styles: Method → style; by default in the order of the points.
    """
    styles = styles or method_styles(point.method for point in plot.points)
    figure, axes = new_axes(max(3.1, 0.9 + 0.2 * len(plot.points)))
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


def learning_table(plot: LearningPlot) -> Table:
    """The same in numbers."""
    gain = Column(f"minus {plot.baseline}", attrgetter("gain"), "+")
    columns = [METHOD, Column("fidelity", attrgetter("fidelity")), gain]
    return Table(plot.name, columns, plot.points)
