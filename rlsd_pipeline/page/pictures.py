"""The pictures of a page: each is drawn from a part of the record, whose digest it keeps."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from matplotlib.figure import Figure
from pydantic import BaseModel

from rlsd_pipeline.page.record import Record
from rlsd_pipeline.report.comparison import bounded
from rlsd_pipeline.report.curve_figures import learning_against_fidelity, learning_curves
from rlsd_pipeline.report.figures import fidelity_dots
from rlsd_pipeline.report.heat_map import grid_map
from rlsd_pipeline.report.styles import method_styles
from rlsd_pipeline.report.vector import png


class Picture(NamedTuple):
    """One picture.

    Attributes:
        title: What it shows, in a few words.
        caption: What its bands and ends mean.
        data: All that is drawn.
        draw: Draws it.
    """

    title: str
    caption: str
    data: Sequence[BaseModel]
    draw: Callable[[], Figure]

    @property
    def digest(self) -> str:
        """SHA-256 of what is drawn, as JSON."""
        text = "".join(part.model_dump_json() for part in self.data)
        return hashlib.sha256(text.encode()).hexdigest()

    def file(self) -> bytes:
        """A PNG that keeps the digest of what it shows."""
        return png(self.draw(), comment=self.digest)


def pictures(record: Record) -> dict[str, Picture]:
    """Name of the file without its ending -> picture, in the order of the page."""
    return dict(_pictures(record))


def _pictures(record: Record) -> Iterator[tuple[str, Picture]]:
    styles = method_styles(_methods(record))
    for chart in record.charts:
        draw = partial(learning_curves, chart, styles)
        yield f"curve-{_slug(chart.name)}", Picture(chart.name, chart.band_meaning, [chart], draw)
    if known := bounded(record.fidelity):
        baseline = record.table.compared_with if record.table else ""
        draw = partial(fidelity_dots, known, baseline, styles)
        yield "fidelity", Picture("Credit fidelity", "", record.fidelity, draw)
    for plot in record.learning:
        title = f"{plot.name}, against fidelity"
        draw = partial(learning_against_fidelity, plot, styles)
        yield f"learning-{_slug(plot.name)}", Picture(title, plot.meaning, [plot], draw)
    for grid in record.grids:
        for one in grid.maps:
            name = f"grid-{_slug(grid.name)}-{_slug(one.name)}"
            yield name, Picture(one.name, one.meaning, [grid], partial(grid_map, grid, one))


def _methods(record: Record) -> list[str]:
    """Every method that is drawn: the declared ones, then by first mention."""
    names = list(record.order)
    names += [curve.method for chart in record.charts for curve in chart.curves]
    names += [one.method for one in record.fidelity]
    return list(dict.fromkeys(names))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
