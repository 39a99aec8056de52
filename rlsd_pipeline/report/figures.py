"""The figures of a report, drawn for a width of 360 px so that a phone shows them at full size.

Every function returns a matplotlib Figure that belongs to no global state; `vector.py` turns it
into SVG or PNG. A method is told by marker and line as well as by its colour.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlsd_pipeline.report.canvas import drawn, name_rows, new_axes, shortened
from rlsd_pipeline.report.styles import INK, Styles
from rlsd_pipeline.tables.numbers import Bounded, ends_of, true_minus, with_ends
from schemas import MethodCredit

HATCHES = {"reasoning": "", "answer": "////", "format": "\\\\\\"}
SHADES = {"reasoning": "#56B4E9", "answer": "#E69F00", "format": "#c9c9ce"}


@drawn
def forest(
    differences: Mapping[str, Bounded],
    baseline: str,
    styles: Styles,
    quantity: str = "score",
) -> Figure:
    """Paired differences to a baseline with their intervals, the numbers beside them.

    Args:
        differences: Method → its difference.
        baseline: The method at zero.
        styles: Method → style.
        quantity: What differs; part of the axis label.
    """
    figure, axes = new_axes(0.75 + 0.27 * max(len(differences), 2))
    axes.grid(axis="x")
    axes.axvline(0, color=INK, linewidth=1)
    _draw_intervals(axes, differences, styles, sign=True)
    axes.set_xlabel(f"{quantity} minus that of {shortened(baseline)}")
    return figure


@drawn
def fidelity_dots(fidelities: Mapping[str, Bounded], baseline: str, styles: Styles) -> Figure:
    """How near each method's credit comes to the true advantages, from random to perfect.

    Args:
        fidelities: Method → its fidelity with interval.
        baseline: A method whose fidelity is drawn through all rows.
        styles: Method → style.
    """
    figure, axes = new_axes(0.75 + 0.27 * max(len(fidelities), 2))
    axes.grid(axis="x")
    for end in (0, 1):
        axes.axvline(end, color=INK, linewidth=1)
    if baseline in fidelities:
        axes.axvline(fidelities[baseline].value, color=INK, linestyle=(0, (1, 2)), linewidth=1)
    _draw_intervals(axes, fidelities, styles, sign=False)
    axes.set_xlabel("fidelity: 0 random, 1 the true advantage")
    return figure


def _draw_intervals(
    axes: Axes, estimates: Mapping[str, Bounded], styles: Styles, *, sign: bool
) -> None:
    """A row a method: its estimate, its interval, and the numbers beside them."""
    for row, (method, found) in enumerate(estimates.items()):
        style = styles[method]
        if ends := ends_of(found):
            axes.plot(ends, [row, row], color=style.colour, linewidth=2)
        axes.plot(found.value, row, style.marker, color=style.colour, markersize=6)
        axes.annotate(
            with_ends(found, sign=sign),
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    name_rows(axes, list(estimates))
    axes.locator_params(axis="x", nbins=4)


@drawn
def credit_strips(credit: Sequence[MethodCredit], styles: Styles) -> Figure:
    """Quantiles of the token credit of each method: 5–95 % thin, 25–75 % thick, the median."""
    figure, axes = new_axes(0.85 + 0.27 * max(len(credit), 2))
    axes.grid(axis="x")
    axes.axvline(0, color=INK, linewidth=1)
    for row, one in enumerate(credit):
        style, q = styles[one.method], one.quantiles
        axes.plot([q["p05"], q["p95"]], [row, row], color=style.colour, linewidth=1.2)
        axes.plot(
            [q["p25"], q["p75"]],
            [row, row],
            color=style.colour,
            linewidth=7,
            alpha=0.55,
            solid_capstyle="butt",
        )
        axes.plot(
            q["p50"],
            row,
            style.marker,
            color=style.colour,
            markersize=6.5,
            markeredgecolor=INK,
            markeredgewidth=0.6,
        )
    name_rows(axes, [one.method for one in credit])
    axes.set_xlabel("token credit Â" + _squeeze(axes, credit))
    return figure


@drawn
def segment_shares(credit: Sequence[MethodCredit]) -> Figure:
    """Where the credit of each method falls: stacked shares of Σ|Â| with a hatch a segment."""
    figure, axes = new_axes(1.1 + 0.27 * max(len(credit), 2))
    left = np.zeros(len(credit))
    for segment, hatch in HATCHES.items():
        found = [one.segments.get(segment) for one in credit]
        shares = np.array([0.0 if share is None else share.value for share in found])
        bars = axes.barh(
            range(len(credit)),
            shares,
            left=left,
            height=0.66,
            label=segment,
            hatch=hatch,
            color=SHADES[segment],
            edgecolor=INK,
            linewidth=0.6,
        )
        axes.bar_label(
            bars,
            [f"{100 * share:.0f} %" if share >= 0.09 else "" for share in shares],
            label_type="center",
            fontsize=8,
            color="#000000",
            bbox={"facecolor": SHADES[segment], "edgecolor": "none", "pad": 1},
        )
        left += shares
    name_rows(axes, [one.method for one in credit])
    axes.set(xlim=(0, 1), xlabel="share of Σ|Â|")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return figure


def _squeeze(axes: Axes, credit: Sequence[MethodCredit]) -> str:
    """Make a wide range of scales readable; say so in what is added to the axis label."""
    reach = [max(abs(one.quantiles[end]) for end in ("p05", "p95")) for one in credit]
    smallest = min((value for value in reach if value > 0), default=0.0)
    if not smallest or max(reach) < 12 * smallest:
        return ""
    axes.set_xscale("symlog", linthresh=smallest, linscale=0.7)
    axes.xaxis.set_major_formatter(lambda value, _: true_minus(f"{value:g}"))
    return " (logarithmic beyond the smallest scale)"
