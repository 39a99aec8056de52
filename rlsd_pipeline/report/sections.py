"""The sections of the page other than the token view; each is empty where its data is absent."""

from collections.abc import Mapping, Sequence
from html import escape

from rlsd_pipeline.report import figures
from rlsd_pipeline.report.cards import card, cards
from rlsd_pipeline.report.data import BandPoint, Chart, Diagnostic, Report
from rlsd_pipeline.report.method_table import (
    ONE_SEED,
    PUBLISHED,
    difference_meaning,
    method_table,
    published_table,
)
from rlsd_pipeline.report.styles import Style
from rlsd_pipeline.report.tables import details, numbers, paragraph, section, table
from rlsd_pipeline.tables.numbers import level, plain, with_ends
from rlsd_pipeline.tables.results import by_name, over_seeds
from schemas import Interval, Results

Styles = Mapping[str, Style]


def summary(report: Report) -> str:
    """The notes and the method table."""
    notes = "".join(paragraph(note) for note in report.notes)
    if not notes and report.table is None:
        return ""
    body = [notes]
    if report.table is not None:
        if not over_seeds(report.table.lines):
            body.append(paragraph(ONE_SEED, "warning"))
        body.append(method_table(report.table))
        if published := published_table(report.table.lines):
            meaning = paragraph(PUBLISHED, "muted")
            body.append(f"<h3>Published for comparison</h3>{meaning}{published}")
    return section("summary", "Summary", *body)


def curves(report: Report, styles: Styles) -> str:
    """Learning curves, with their numbers on demand."""
    return _curves("curves", "Learning curves", report.charts, styles)


def training(report: Report, styles: Styles) -> str:
    """The training curves, with their numbers on demand."""
    return _curves("training", "Training curves", report.training, styles)


def _curves(key: str, title: str, charts: Sequence[Chart], styles: Styles) -> str:
    if not charts:
        return ""
    items = [
        card(
            f"{key}-{place}",
            chart.name,
            figures.learning_curves(chart, styles),
            _curve_caption(chart),
        )
        for place, chart in enumerate(charts)
    ]
    # Across the page: a column a method is more than a card has room for.
    tables = numbers((chart.name, _curve_table(chart)) for chart in charts)
    return section(key, title, cards(*items), tables)


def differences(results: Results | None, styles: Styles) -> str:
    """A forest plot a benchmark."""
    items = []
    for benchmark, lines in by_name(results.lines).items() if results else ():
        found = {line.method: line.difference for line in lines if line.difference}
        if results is None or not found:
            continue
        caption = (
            f"Difference of the score to {results.compared_with}; lines are "
            f"{level(results.confidence)} intervals. {difference_meaning(results)}"
        )
        if not over_seeds(lines):
            caption += f" {ONE_SEED}"
        figure = figures.forest(found, results.compared_with, styles)
        items.append(card(f"differences-{benchmark}", benchmark, figure, caption.strip()))
    return section("differences", "Paired differences", cards(*items)) if items else ""


def diagnostics(tables: tuple[Diagnostic, ...]) -> str:
    """Small tables, each with what it tells."""
    items = [
        f'<div class="diagnostic"><h3>{escape(one.title)}</h3>'
        f"{table(one.title, one.columns, one.rows)}{paragraph(one.explanation, 'muted')}</div>"
        for one in tables
    ]
    return section("diagnostics", "Diagnostics", *items) if items else ""


def settings(report: Report) -> str:
    """The settings and origin of the report."""
    rows = [
        ["" if place else title, value]
        for title, values in report.settings.items()
        for place, value in enumerate([values] if isinstance(values, str) else values)
    ]
    chosen = table("settings", ["setting", "value"], rows) if rows else ""
    command = _code(report.command)
    everything = _code(report.declaration)
    if everything:
        everything = details("All settings, defaults included", everything)
    if not any((chosen, command, everything)):
        return ""
    return section("settings", "Settings", command, chosen, everything)


def _code(text: str) -> str:
    return f"<pre><code>{escape(text)}</code></pre>" if text else ""


def _curve_caption(chart: Chart) -> str:
    seeds = ", ".join(f"{curve.method} {curve.n_seeds}" for curve in chart.curves)
    if len(numbers := {curve.n_seeds for curve in chart.curves}) == 1:
        seeds = f"{numbers.pop()} each"
    blind = "" if chart.blind is None else f" Dotted: blind baseline, {plain(chart.blind)}."
    return f"{chart.band_meaning} Seeds: {seeds}.{blind}".strip()


def _curve_table(chart: Chart) -> str:
    updates = sorted({point.updates for curve in chart.curves for point in curve.band})
    found = {
        (curve.method, point.updates): _point(point)
        for curve in chart.curves
        for point in curve.band
    }
    names = [curve.method for curve in chart.curves]
    rows = [[f"{update:g}", *(found.get((name, update)) for name in names)] for update in updates]
    return table(f"{chart.name} by updates", ["updates", *names], rows)


def _point(point: BandPoint) -> str:
    """A mean with its interval, unless there is none."""
    if point.low == point.high:
        return plain(point.mean)
    return with_ends(Interval(value=point.mean, low=point.low, high=point.high))
