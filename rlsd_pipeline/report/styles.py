"""The style of each method: a colour, a marker and a line."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

# The text colour of a figure: an SVG replaces it by the reader's, a PNG keeps it.
INK = "#1b1b1d"
RULE = "#d8d8dc"

# Okabe and Ito's colours without the yellow, which a white page swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">", "h", "p")
DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 2),
    (1.5, 1.2),
    (6, 1.5, 1.5, 1.5),
    (9, 2.5),
    (4, 1.2, 1.2, 1.2, 1.2, 1.2),
)
POSITIVE = "#0072B2"
NEGATIVE = "#D55E00"


class Style(NamedTuple):
    """How a method is drawn.

    Attributes:
        colour: Of line and marker.
        marker: matplotlib's name of its marker.
        dashes: Lengths of strokes and gaps in line widths; empty for a solid line.
    """

    colour: str
    marker: str
    dashes: tuple[float, ...]

    @property
    def line(self) -> tuple[float, tuple[float, ...]] | str:
        """The line style as matplotlib writes it."""
        return (0, self.dashes) if self.dashes else "-"


Styles = Mapping[str, Style]
"""Method → how it is drawn."""


def method_styles(methods: Iterable[str]) -> dict[str, Style]:
    """A style for each method; colour and line together repeat after 42, markers after 12."""
    return {
        method: Style(
            COLOURS[index % len(COLOURS)],
            MARKERS[index % len(MARKERS)],
            DASHES[index % len(DASHES)],
        )
        for index, method in enumerate(dict.fromkeys(methods))
    }
