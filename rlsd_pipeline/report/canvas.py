"""The style of all figures, and their common parts: rows of names, names at line ends."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlsd_pipeline.report.styles import INK, RULE, Styles

Parameters = ParamSpec("Parameters")

WIDTH = 5.0
# Any, because matplotlib's stubs list every key it knows.
LOOK: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "text.color": INK,
    # Names are text, whatever they hold: a dollar begins no formula.
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "hatch.color": INK,
    "hatch.linewidth": 0.6,
}


def drawn(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Draw in the look of the report, whatever matplotlib is set to, and leave that as it was."""

    @wraps(draw)
    def drawing(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Figure:
        with matplotlib.rc_context(LOOK):
            return draw(*args, **kwargs)

    return drawing


def new_axes(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure of a height and a width in inches, and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def shortened(name: str, length: int = 20) -> str:
    """A name that fits beside a figure."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """One row a name, the first on top."""
    axes.set_yticks(range(len(names)), [shortened(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def label_ends(axes: Axes, ends: Sequence[tuple[str, float, float]], styles: Styles) -> None:
    """Write each name beside the end of its line, moved apart where they would touch.

    Args:
        axes: Where the lines are drawn already.
        ends: Name, x and y of the end of each line.
        styles: Name → style, whose marker is repeated beside the name.
    """
    axes.autoscale_view()
    bottom, top = axes.get_ylim()
    ends = sorted(ends, key=lambda end: end[2])
    figure = axes.get_figure(root=True)
    assert figure is not None
    gap = 13 / (72 * figure.get_figheight() * 0.78)
    places = apart([(y - bottom) / (top - bottom) for _, _, y in ends], gap)
    for (name, x, y), place in zip(ends, places, strict=True):
        style = styles[name]
        axes.annotate(
            "",
            (x, y),
            (1.05, place),
            textcoords="axes fraction",
            arrowprops={
                "arrowstyle": "-",
                "color": style.colour,
                "linewidth": 0.7,
                # A thin line from the end of a short curve would be read as the curve.
                "linestyle": (0, (1, 2.5)),
                "shrinkA": 0,
                "shrinkB": 3,
            },
        )
        axes.plot(
            1.065,
            place,
            style.marker,
            color=style.colour,
            transform=axes.transAxes,
            clip_on=False,
            markersize=5,
        )
        axes.text(1.1, place, shortened(name), transform=axes.transAxes, va="center", fontsize=9)
    axes.set_ylim(bottom, top)


def apart(places: Sequence[float], gap: float) -> list[float]:
    """The nearest places at least a gap apart, in the same order; all within [0, 1] if they fit."""
    groups: list[list[float]] = []  # each [sum of wanted first places, how many]
    for index, place in enumerate(places):
        groups.append([place - index * gap, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + count]
    firsts = [total / count for total, count in groups for _ in range(int(count))]
    highest = 1 - (len(places) - 1) * gap
    return [max(min(first, highest), 0) + index * gap for index, first in enumerate(firsts)]
