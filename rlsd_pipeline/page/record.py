"""The record of a page: every number that it shows, and where the numbers are from."""

from typing import Literal

from rlsd_pipeline.page.seeds import SeedScores
from rlsd_pipeline.report.charts import Chart
from rlsd_pipeline.report.curve_figures import CROWD
from rlsd_pipeline.report.data import Findings, Report
from rlsd_pipeline.report.part import NonEmpty, Part
from schemas import MethodFidelity

_SHOWN = "reward"
"""Of the curves of training, the one that the page shows."""


class Provenance(Part):
    """Where the numbers are from."""

    date: NonEmpty
    """The day on which they were read, as YYYY-MM-DD."""

    command: NonEmpty
    """The command that read them."""

    commit: str | None = None
    """The commit of the checkout, with `+` where files differ from it; null outside a checkout."""

    declaration: NonEmpty
    """SHA-256 of the experiment with all defaults, as canonical JSON."""

    libraries: dict[str, tuple[str, ...]]
    """Library -> the versions that made the artifacts, and the Python that read them."""

    artifacts: dict[str, str]
    """Reference -> the beginning of the artifact's digest."""


class Record(Findings):
    """Every number of a page; its charts begin with the training reward."""

    version: Literal[3] = 3
    """Version of this layout."""

    provenance: Provenance
    """Where the numbers are from."""

    seeds: tuple[SeedScores, ...] = ()
    """Accuracy seed by seed, where there are several."""

    fidelity: tuple[MethodFidelity, ...] = ()
    """Credit against measured token values."""

    fidelity_meaning: str = ""
    """What was measured there."""


def record_of(report: Report, provenance: Provenance, seeds: tuple[SeedScores, ...] = ()) -> Record:
    """What a page shows of a report.

    Args:
        report: Everything that the store has.
        provenance: Where that is from.
        seeds: From `seed_scores`.
    """
    training = [chart for chart in report.training if chart.name == _SHOWN]
    charts = tuple(_drawn(chart) for chart in (*training, *report.charts))
    shared = {name: getattr(report, name) for name in Findings.model_fields}
    compared = report.comparison
    fidelity = tuple(compared.fidelity) if compared else ()
    return Record(
        **shared | {"charts": charts},
        provenance=provenance,
        seeds=seeds,
        fidelity=fidelity,
        fidelity_meaning=compared.fidelity_meaning if compared and fidelity else "",
    )


def _drawn(chart: Chart) -> Chart:
    """A chart without the lines of single seeds, where there are too many methods to draw them."""
    if len(chart.curves) <= CROWD:
        return chart
    curves = tuple(curve.model_copy(update={"seeds": {}}) for curve in chart.curves)
    return chart.model_copy(update={"curves": curves})
