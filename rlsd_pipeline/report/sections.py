"""The sections of the page other than the token view; each is empty where its data is absent."""

from collections.abc import Mapping, Sequence
from html import escape

from rlsd_pipeline.report import figures
from rlsd_pipeline.report.cards import card, cards
from rlsd_pipeline.report.data import BandPoint, Chart, Comparison, Diagnostic, MethodTable, Report
from rlsd_pipeline.report.matrices import matrix_cards
from rlsd_pipeline.report.method_table import (
    ONE_SEED,
    by_benchmark,
    method_table,
    one_seed,
    published_table,
)
from rlsd_pipeline.report.part import Difference, Estimate
from rlsd_pipeline.report.styles import Style
from rlsd_pipeline.report.tables import (
    details,
    equal_rows,
    meanings,
    numbers,
    paragraph,
    section,
    table,
)
from rlsd_pipeline.tables.numbers import level, p_value, percent, plain, with_ends

Styles = Mapping[str, Style]


def summary(report: Report) -> str:
    """The notes and the method table."""
    notes = "".join(paragraph(note) for note in report.notes)
    if not notes and report.table is None:
        return ""
    body = [notes]
    if report.table is not None:
        if one_seed(report.table.lines):
            body.append(paragraph(ONE_SEED, "warning"))
        body.append(method_table(report.table))
        if published := published_table(report.table.lines):
            meaning = paragraph(report.table.published_meaning, "muted")
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


def differences(results: MethodTable | None, styles: Styles) -> str:
    """A forest plot a benchmark."""
    items = []
    for benchmark, lines in by_benchmark(results.lines).items() if results else ():
        found = {line.method: line.difference for line in lines if line.difference}
        if results is None or not found:
            continue
        caption = (
            f"Difference of the score to {results.baseline}; "
            f"lines are {level(results.confidence)} intervals. {results.difference_meaning}"
        )
        if one_seed(lines):
            caption += f" {ONE_SEED}"
        figure = figures.forest(found, results.baseline, styles)
        items.append(card(f"differences-{benchmark}", benchmark, figure, caption.strip()))
    return section("differences", "Paired differences", cards(*items)) if items else ""


def comparison(data: Comparison | None, styles: Styles) -> str:
    """The comparison of the methods on the same tokens."""
    if data is None:
        return ""
    size = f"n = {data.tokens:,} tokens of {data.rollouts:,} rollouts"
    credit = {method: data.credit[method] for method in data.methods if method in data.credit}
    items = []
    if credit:
        strips = figures.credit_strips(credit, styles)
        shares = figures.segment_shares(credit)
        caption = f"Mark: median; thick: 25–75 %; thin: 5–95 % of the tokens with signal. {size}."
        items.append(card("strips", "Distribution of the credit", strips, caption))
        caption = f"Share of the absolute credit Σ|Â| by part of the response. {size}."
        items.append(card("shares", "Where the credit falls", shares, caption))
    items += matrix_cards(data, size)
    return section(
        "comparison",
        "Methods on the same tokens",
        paragraph(data.meaning),
        _credit_table(data) if credit or data.gradient_norms else "",
        cards(*items),
        _signal(data),
        _lookahead(data, styles),
    )


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
    return with_ends(Estimate(value=point.mean, low=point.low, high=point.high))


def credit(data: Comparison | None, styles: Styles) -> str:
    """Credit fidelity if it was measured; otherwise the command that measures it."""
    if data is None or not data.fidelity_meaning:
        return ""
    meaning = paragraph(data.fidelity_meaning)
    shown = _fidelity(data, styles) if data.fidelity else ""
    return section("credit", "Credit fidelity", meaning, shown)


def _fidelity(data: Comparison, styles: Styles) -> str:
    """The fidelity of every method between its ends, then by part of the responses."""
    columns = ["method", "fidelity", f"minus {data.baseline}", "p (Holm)"]
    rows = [[one.method, *_compared(one.value, one.difference)] for one in data.fidelity]
    rows = [["true advantage", "1", *[None] * 2], *rows, ["random credit", "0", *[None] * 2]]
    known = {one.method: one.value for one in data.fidelity if one.value}
    plot = ""
    if known:
        plot = card(
            "fidelity",
            "Fidelity of the credit",
            figures.fidelity_dots(known, data.baseline, styles),
            f"Dotted: {data.baseline}. Lines are intervals over problems.",
        )
    parts = "".join(
        details(
            f"fidelity: {part}",
            table(
                f"fidelity: {part}",
                ["method", part, *columns[2:]],
                [
                    [one.method, *_compared(one.parts.get(part), one.differences.get(part))]
                    for one in data.fidelity
                ],
            ),
        )
        for part in data.fidelity[0].parts
    )
    numbers = f'<div class="card">{table("credit fidelity", columns, rows)}</div>'
    return cards(plot, numbers) + parts


def _compared(value: Estimate | None, other: Difference | None) -> list[str | None]:
    """An estimate, its difference to the baseline, and the p of that."""
    return [
        with_ends(value) if value else None,
        with_ends(other, sign=True) if other else None,
        p_value(other.p_corrected) if other and other.p_corrected is not None else None,
    ]


def _signal(data: Comparison) -> str:
    """Bias and noise of the gradients."""
    if not data.gradient_signal:
        return ""
    rows = [
        [
            one.method,
            with_ends(one.cosine) if one.cosine else None,
            with_ends(one.share) if one.share else None,
            one.prompts,
            one.rollouts,
        ]
        for one in data.gradient_signal
    ]
    columns = ["method", "cosine with true", "signal share", "prompts for a half", "rollouts"]
    return (
        "<h3>How much of a gradient is signal?</h3>"
        + paragraph(data.gradient_signal_meaning)
        + table("signal of the gradients", columns, rows)
    )


def _credit_table(data: Comparison) -> str:
    norms = data.gradient_norms or {}
    rows = []
    for method in data.methods:
        one = data.credit.get(method)
        signal = None if one is None else f"{one.tokens_with_signal:,} of\u00a0{data.tokens:,}"
        agreement = percent(one.sign_agreement if one else None)
        clipped = percent(one.clip_fraction if one else None)
        rows.append([method, signal, agreement, clipped, norms.get(method)])
    columns = ["method", "tokens with signal", "sign as A", "clipped", "gradient norm"]
    if not norms:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return (
        table("credit by method", columns, rows)
        + equal_rows(rows, _SAME_CREDIT)
        + meanings(
            [
                ("tokens with signal", "tokens whose credit Â is not 0"),
                (
                    "sign as A",
                    "share of those whose credit has the sign of the response's advantage",
                ),
                (
                    "clipped",
                    "share of tokens whose weight was clipped; – for methods without a bound",
                ),
                (
                    "gradient norm",
                    "Euclidean, of the method's loss on these rollouts" if norms else "",
                ),
            ]
        )
    )


_SAME_CREDIT = (
    "they give these tokens the same credit. Reasons are a schedule that has run out, a bound that "
    "clips nothing, or groups without a difference in reward."
)


def _lookahead(data: Comparison, styles: Styles) -> str:
    if not data.lookahead:
        return ""
    rows = [
        [
            one.method,
            with_ends(one.score),
            with_ends(d, sign=True) if (d := one.difference) else None,
            p_value(d.p) if d else None,
            p_value(d.p_corrected) if d and d.p_corrected is not None else None,
            d.test if d else None,
        ]
        for one in data.lookahead
    ]
    against = f"against {data.baseline or 'the baseline'}"
    columns = ["method", "score", against, "p", "p (Holm)", "test"]
    found = {one.method: one.difference for one in data.lookahead if one.difference}
    plot = ""
    if found:
        figure = figures.forest(found, data.baseline or "the baseline", styles)
        plot = card(
            "lookahead",
            "Difference after the same updates",
            figure,
            "Lines are the intervals of the table.",
        )
    numbers = f'<div class="card">{table("lookahead", columns, rows)}</div>'
    return (
        "<h3>Lookahead: the same start, each method's updates</h3>"
        + paragraph(data.lookahead_meaning, "muted")
        + cards(numbers, plot)
    )
