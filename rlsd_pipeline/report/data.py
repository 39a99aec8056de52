"""The data of a report: everything that the page shows, already computed."""

from typing import Self

from pydantic import Field, model_validator

from rlsd_pipeline.report.charts import Chart, Grid, LearningPlot
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.report.part import NonEmpty, Part, check_length
from rlsd_pipeline.report.rollout_view import RolloutView
from rlsd_pipeline.tables.table import Table, table_of_cells
from schemas import Results


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

    @property
    def table(self) -> Table:
        """Its rows as a table."""
        return table_of_cells(self.title, self.columns, self.rows)


class Findings(Part):
    """What the report of an experiment and its page both show."""

    experiment: NonEmpty
    """The experiment's name."""

    notes: tuple[str, ...] = ()
    """Short paragraphs: the description, and what an artifact older than the code means."""

    table: Results | None = None
    """The scores of all methods."""

    charts: tuple[Chart, ...] = ()
    """Learning curves: accuracy and mentions of each benchmark."""

    learning: tuple[LearningPlot, ...] = ()
    """What the methods learnt against the fidelity of their credit."""

    grids: tuple[Grid, ...] = ()
    """RLSD over λ and ε_w, where arms make a grid of them."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """Small tables: headroom, properties, dynamics and theory."""

    settings: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    """Title → one value, or several."""

    order: tuple[str, ...] = ()
    """Methods in the order in which they get their colours, the same in every figure."""


class Report(Findings):
    """Everything the HTML page shows."""

    title: NonEmpty
    """Its heading."""

    created: NonEmpty
    """When, as an ISO 8601 string."""

    command: str = ""
    """What makes this report again."""

    training: tuple[Chart, ...] = ()
    """What the iterations came to, a chart a quantity."""

    rollouts: tuple[RolloutView, ...] = ()
    """What the token view offers."""

    rollouts_meaning: str = ""
    """How these rollouts were chosen."""

    comparison: Comparison | None = None
    """Methods on the same tokens."""

    declaration: str = ""
    """Every setting, defaults included, as YAML."""

    @property
    def settings_table(self) -> Table:
        """A row a setting; the title stands in the first of several."""
        rows = [
            ["" if place else title, value]
            for title, values in self.settings.items()
            for place, value in enumerate([values] if isinstance(values, str) else values)
        ]
        return table_of_cells("settings", ["setting", "value"], rows)

    def methods(self) -> tuple[str, ...]:
        """Every method that is drawn: those of `order`, then by first mention."""
        names = list(self.order)
        names += [line.method for line in self.table.lines] if self.table else []
        charts = (*self.charts, *self.training)
        names += [curve.method for chart in charts for curve in chart.curves]
        if self.comparison is not None:
            # An update by a method may be older than what is compared now.
            lookahead = [one.method for one in self.comparison.lookahead]
            names += [*self.comparison.methods, *lookahead]
        names += [point.method for plot in self.learning for point in plot.points]
        names += [method for rollout in self.rollouts for method in rollout.credit]
        return tuple(dict.fromkeys(names))
