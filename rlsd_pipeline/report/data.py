"""The data of a report: everything that the page shows, already computed."""

from typing import NamedTuple, Self

from pydantic import Field, FiniteFloat, model_validator

from rlsd_pipeline.report.comparison import (
    Comparison,
    CreditSummary,
    Fidelity,
    Lookahead,
    Quantiles,
    Signal,
)
from rlsd_pipeline.report.grid import Grid
from rlsd_pipeline.report.learning import LearningPlot, LearningPoint
from rlsd_pipeline.report.part import (
    Count,
    Difference,
    Estimate,
    NonEmpty,
    Part,
    Share,
    check_interval,
    check_length,
)
from rlsd_pipeline.report.rollout_view import Picture, RolloutView, Segment, StateValue

__all__ = [
    "BandPoint",
    "Chart",
    "Comparison",
    "CreditSummary",
    "Curve",
    "Diagnostic",
    "Difference",
    "Estimate",
    "Fidelity",
    "LearningPlot",
    "LearningPoint",
    "Lookahead",
    "MethodLine",
    "MethodTable",
    "Picture",
    "Point",
    "Quantiles",
    "Report",
    "RolloutView",
    "Segment",
    "Signal",
    "StateValue",
]


class Point(NamedTuple):
    """One value of one arm."""

    updates: float
    value: FiniteFloat


class BandPoint(NamedTuple):
    """The mean of a method with its interval."""

    updates: float
    mean: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat


class Curve(Part):
    """One method over the updates."""

    method: NonEmpty
    """The method."""

    n_seeds: Count
    """Number of seeds the band is over."""

    band: tuple[BandPoint, ...]
    """Mean and interval at each number of updates; what the interval is over, the chart says."""

    seeds: dict[str, tuple[Point, ...]] = Field(default_factory=dict)
    """Arm → its own line; drawn faintly where there are several."""


class Chart(Part):
    """Learning curves of one quantity."""

    name: NonEmpty
    """What is measured, such as a benchmark's name."""

    y_label: str
    """The quantity, with its unit if it has one."""

    curves: tuple[Curve, ...]
    """One a method."""

    blind: FiniteFloat | None = None
    """Score of answering without looking at the image."""

    band_meaning: str = ""
    """What the bands are intervals over, their level, and n; part of the caption."""


class MethodLine(Part):
    """One method on one benchmark."""

    benchmark: NonEmpty
    """Groups the lines."""

    method: NonEmpty
    """The method."""

    score: FiniteFloat
    """The score of its final policy."""

    low: FiniteFloat
    """Lower end of the interval of the score."""

    high: FiniteFloat
    """Upper end."""

    seeds: Count = 1
    """Number of training runs."""

    updates: Count | None = None
    """Of the policy that the score is of; null where it is not known."""

    questions: Count | None = None
    """Number of questions each was asked."""

    difference: Difference | None = None
    """Paired difference to the baseline method; null for the baseline itself."""

    gain: Estimate | None = None
    """Difference to the base policy that no method has trained."""

    leakage: Estimate | None = None
    """Share of responses that betray privileged information."""

    blind: FiniteFloat | None = None
    """Score of answering without looking at the image."""

    steps: dict[str, Share] = Field(default_factory=dict)
    """Step of the reasoning → share of responses in which it is right."""

    published: dict[str, FiniteFloat] | None = None
    """Benchmark → the number its authors published, in their own unit."""

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        check_interval(self.low, self.high)
        return self


class MethodTable(Part):
    """The result: scores of all methods, and what every column means."""

    lines: tuple[MethodLine, ...] = Field(min_length=1)
    """The rows; those of one benchmark are shown together."""

    baseline: NonEmpty
    """The method that differences are to."""

    confidence: Share = 0.95
    """Level of all intervals; 1 − confidence is the level of the tests."""

    score_meaning: str = "share of correct responses"
    """What a score is."""

    interval_meaning: str = ""
    """What the intervals of scores are over, and how they were made."""

    difference_meaning: str = ""
    """How differences are paired, tested and corrected."""

    leakage_meaning: str = ""
    """What counts as leakage."""

    steps_meaning: str = ""
    """What the steps are."""

    published_meaning: str = ""
    """Where the published numbers are from, and why they are or are not comparable."""


class Diagnostic(Part):
    """A small table with a title and what it tells."""

    title: NonEmpty
    """The question it answers."""

    explanation: str
    """How to read it: meaning, n and interval of its numbers."""

    columns: tuple[str, ...]
    """Heads of the columns."""

    rows: tuple[tuple[str | int | float | None, ...], ...]
    """Cells; null is shown as absent."""

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        for row in self.rows:
            check_length(f"a row of {self.title!r}", row, "columns", len(self.columns))
        return self


class Report(Part):
    """Everything the page shows."""

    title: NonEmpty
    """Its heading."""

    experiment: NonEmpty
    """The experiment's name."""

    created: NonEmpty
    """When, as an ISO 8601 string."""

    command: str = ""
    """What makes this report again."""

    notes: tuple[str, ...] = ()
    """Short paragraphs: what was compared, what it shows, what it does not."""

    table: MethodTable | None = None
    """The result."""

    charts: tuple[Chart, ...] = ()
    """Learning curves."""

    training: tuple[Chart, ...] = ()
    """What the iterations came to, a chart a quantity."""

    rollouts: tuple[RolloutView, ...] = ()
    """What the token view offers."""

    rollouts_meaning: str = ""
    """How these rollouts were chosen."""

    comparison: Comparison | None = None
    """Methods on the same tokens."""

    learning: tuple[LearningPlot, ...] = ()
    """What the methods learnt against the fidelity of their credit."""

    grids: tuple[Grid, ...] = ()
    """RLSD over λ and ε_w, where arms make a grid of them."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """Small tables."""

    settings: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Title → one value, or several."""

    declaration: str = ""
    """Every setting, defaults included, as YAML."""

    order: tuple[str, ...] = ()
    """Methods whose look comes first, so that it is the same wherever they are drawn."""

    def methods(self) -> tuple[str, ...]:
        """Every method that is drawn: those of `order`, then by first mention."""
        names = list(self.order)
        names += [line.method for line in self.table.lines] if self.table else []
        charts = (*self.charts, *self.training)
        names += [curve.method for chart in charts for curve in chart.curves]
        names += self.comparison.methods if self.comparison else ()
        names += [point.method for plot in self.learning for point in plot.points]
        names += [method for rollout in self.rollouts for method in rollout.credit]
        return tuple(dict.fromkeys(names))
