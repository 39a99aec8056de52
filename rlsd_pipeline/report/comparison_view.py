"""The sections about the compared methods: the fidelity of their credit, and their differences."""

from operator import attrgetter

from rlsd_pipeline.report import figures
from rlsd_pipeline.report.cards import card, cards
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.report.matrices import matrix_cards
from rlsd_pipeline.report.sections import Styles
from rlsd_pipeline.report.tables import (
    details,
    equal_rows,
    meanings,
    paragraph,
    rendered,
    section,
    table,
)
from rlsd_pipeline.tables.credit import (
    METHOD,
    between_ends,
    fidelity_columns,
    lookahead_columns,
    part_columns,
    signal_columns,
)
from rlsd_pipeline.tables.numbers import ends_of, percent
from rlsd_pipeline.tables.table import Column, Table

_SAME_CREDIT = (
    "they give these tokens the same credit. Reasons are a schedule that has run out, a bound that "
    "clips nothing, or groups without a difference in reward."
)
_MEANINGS = (
    ("tokens with signal", "tokens whose credit Â is not 0"),
    ("sign as A", "share of those whose credit has the sign of the response's advantage"),
    (
        "clipped",
        "share of tokens whose weight was clipped; – for methods without a bound",
    ),
)
_NORM = ("gradient norm", "Euclidean, of the method's loss on these rollouts")


def credit(data: Comparison | None, styles: Styles) -> str:
    """Credit fidelity if it was measured; otherwise the command that measures it."""
    if data is None or not data.fidelity_meaning:
        return ""
    meaning = paragraph(data.fidelity_meaning)
    shown = _fidelity(data, styles) if data.fidelity else ""
    return section("credit", "Credit fidelity", meaning, shown)


def comparison(data: Comparison | None, styles: Styles) -> str:
    """The comparison of the methods on the same tokens."""
    if data is None:
        return ""
    found = data.credit
    size = f"n = {found.tokens:,} tokens of {found.rollouts:,} rollouts"
    items = []
    if found.methods:
        strips = figures.credit_strips(found.methods, styles)
        shares = figures.segment_shares(found.methods)
        caption = f"Mark: median; thick: 25–75 %; thin: 5–95 % of the tokens with signal. {size}."
        items.append(card("strips", "Distribution of the credit", strips, caption))
        caption = f"Share of the absolute credit Σ|Â| by part of the response. {size}."
        items.append(card("shares", "Where the credit falls", shares, caption))
    items += matrix_cards(data, size)
    return section(
        "comparison",
        "Methods on the same tokens",
        paragraph(data.meaning),
        _credit_table(data) if data.methods else "",
        cards(*items),
        _signal(data),
        _lookahead(data, styles),
    )


def _fidelity(data: Comparison, styles: Styles) -> str:
    """The fidelity of every method between its ends, then by part of the responses."""
    against = f"minus {data.baseline}"
    whole = Table("credit fidelity", fidelity_columns(against), data.fidelity)
    known = {one.method: found for one in data.fidelity if (found := one.value) and ends_of(found)}
    plot = ""
    if known:
        plot = card(
            "fidelity",
            "Fidelity of the credit",
            figures.fidelity_dots(known, data.baseline, styles),
            f"Dotted: {data.baseline}. Lines are intervals over problems.",
        )
    shown = rendered(between_ends(whole, "true advantage", "random credit", None))
    parts = [
        Table(f"fidelity: {part}", [METHOD, *part_columns(part, against)], data.fidelity)
        for part in data.fidelity[0].parts()
    ]
    return cards(plot, f'<div class="card">{shown}</div>') + "".join(
        details(part.title, rendered(part)) for part in parts
    )


def _credit_table(data: Comparison) -> str:
    tokens, credits = data.credit.tokens, {one.method: one for one in data.credit.methods}
    gradients = data.gradients
    norms = dict(zip(gradients.methods, gradients.norms, strict=True)) if gradients else {}
    rows = []
    for method in data.methods:
        one = credits.get(method)
        signal = None if one is None else f"{round(one.credited * tokens):,} of\u00a0{tokens:,}"
        agreement = None if one is None or one.sign_agreement is None else one.sign_agreement.value
        clipped = None if one is None else one.cut
        rows.append([method, signal, percent(agreement), percent(clipped), norms.get(method)])
    columns = ["method", "tokens with signal", "sign as A", "clipped", "gradient norm"]
    if not norms:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    explained = meanings([*_MEANINGS, _NORM] if norms else _MEANINGS)
    return table("credit by method", columns, rows) + equal_rows(rows, _SAME_CREDIT) + explained


def _signal(data: Comparison) -> str:
    """Bias and noise of the gradients."""
    if data.gradients is None or data.gradients.signal is None:
        return ""
    found = data.gradients.signal.methods
    shown = Table("signal of the gradients", signal_columns("rollouts"), found)
    return (
        "<h3>How much of a gradient is signal?</h3>"
        + paragraph(data.signal_meaning)
        + rendered(shown)
    )


def _lookahead(data: Comparison, styles: Styles) -> str:
    if not data.lookahead:
        return ""
    method, _, _, difference, corrected, test = lookahead_columns(f"against {data.baseline}")
    score = Column("score", attrgetter("score"))
    p_value = Column("p", lambda one: getattr(one.difference, "p_value", None), "p")
    columns = [method, score, difference, p_value, corrected, test]
    found = {one.method: one.difference for one in data.lookahead if one.difference}
    plot = ""
    if found:
        figure = figures.forest(found, data.baseline, styles)
        plot = card(
            "lookahead",
            "Difference after the same updates",
            figure,
            "Lines are the intervals of the table.",
        )
    numbers = f'<div class="card">{rendered(Table("lookahead", columns, data.lookahead))}</div>'
    return (
        "<h3>Lookahead: the same start, each method's updates</h3>"
        + paragraph(data.lookahead_meaning, "muted")
        + cards(numbers, plot)
    )
