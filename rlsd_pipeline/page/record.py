"""The record of a page: every number that it shows, and where the numbers are from."""

from typing import Literal

from pydantic import Field

from rlsd_pipeline.page.seeds import SeedScores
from rlsd_pipeline.report.data import Chart, Diagnostic, Report
from rlsd_pipeline.report.figures import CROWD
from rlsd_pipeline.report.grid import Grid
from rlsd_pipeline.report.learning import LearningPlot
from rlsd_pipeline.report.part import NonEmpty, Part
from rlsd_pipeline.stages.evaluation.undecided import undecided_notes
from schemas import MethodFidelity, Results

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


class Record(Part):
    """Every number of a page."""

    version: Literal[2] = 2
    """Version of this layout."""

    experiment: NonEmpty
    """The experiment's name."""

    provenance: Provenance
    """Where the numbers are from."""

    notes: tuple[str, ...] = ()
    """The description, and what an artifact that is older than the code means."""

    settings: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Title -> one value, or several."""

    table: Results | None = None
    """The scores of all methods."""

    undecided: tuple[str, ...] = ()
    """The number of seeds that would decide what these leave open, a sentence a benchmark."""

    seeds: tuple[SeedScores, ...] = ()
    """Accuracy seed by seed, where there are several."""

    curves: tuple[Chart, ...] = ()
    """The training reward, then accuracy and mentions of each benchmark."""

    fidelity: tuple[MethodFidelity, ...] = ()
    """Credit against measured token values."""

    fidelity_meaning: str = ""
    """What was measured there."""

    learning: tuple[LearningPlot, ...] = ()
    """Learning against fidelity."""

    grids: tuple[Grid, ...] = ()
    """RLSD over λ and ε_w, where arms make a grid of them."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """Headroom, properties, dynamics and theory."""

    order: tuple[str, ...] = ()
    """The methods as they are declared, for their look."""


def record_of(report: Report, provenance: Provenance, seeds: tuple[SeedScores, ...] = ()) -> Record:
    """What a page shows of a report.

    Args:
        report: Everything that the store has.
        provenance: Where that is from.
        seeds: From `seed_scores`.
    """
    training = [chart for chart in report.training if chart.name == _SHOWN]
    compared = report.comparison
    return Record(
        experiment=report.experiment,
        provenance=provenance,
        notes=report.notes,
        settings=report.settings,
        table=report.table,
        undecided=() if report.table is None else tuple(_undecided(report.table)),
        seeds=seeds,
        curves=tuple(_drawn(chart) for chart in (*training, *report.charts)),
        fidelity=tuple(compared.fidelity) if compared else (),
        fidelity_meaning=compared.fidelity_meaning if compared and compared.fidelity else "",
        learning=report.learning,
        grids=report.grids,
        diagnostics=report.diagnostics,
        order=report.order,
    )


def _undecided(table: Results) -> list[str]:
    return undecided_notes(table.lines, table.compared_with, table.confidence)


def _drawn(chart: Chart) -> Chart:
    """A chart without the lines of single seeds, where there are too many methods to draw them."""
    if len(chart.curves) <= CROWD:
        return chart
    curves = tuple(curve.model_copy(update={"seeds": {}}) for curve in chart.curves)
    return chart.model_copy(update={"curves": curves})
