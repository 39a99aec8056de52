"""The tables about the compared methods: their credit, its fidelity, gradients, lookahead."""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from rlsd_pipeline.credit.agreement import agreements
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.report.part import Row
from rlsd_pipeline.tables.credit import (
    METHOD,
    SELECTION,
    between_ends,
    fidelity_columns,
    lookahead_columns,
    nearest_and_furthest,
    part_columns,
    signal_columns,
)
from rlsd_pipeline.tables.table import Column, Table, value_at
from schemas import MethodCredit


def fidelity_table(data: Comparison) -> Table:
    """The fidelity of every method over all tokens, between its two ends."""
    columns = fidelity_columns(f"minus {data.baseline}")
    whole = Table("credit fidelity", columns, data.fidelity)
    return between_ends(whole, "true advantage", "random credit", None)


def fidelity_by_part(data: Comparison) -> Iterator[Table]:
    """The same by part of the responses."""
    for part in data.fidelity[0].parts():
        columns = [METHOD, *part_columns(part, f"minus {data.baseline}")]
        yield Table(f"fidelity: {part}", columns, data.fidelity)


def credit_table(data: Comparison) -> Table:
    """How many tokens a method gives credit, with which sign, and how far it is clipped."""
    known = {one.method: one for one in data.credit.methods}
    tokens = data.credit.tokens

    def of(read: Callable[[MethodCredit], Any]) -> Callable[[str], Any]:
        return lambda method: read(known[method]) if method in known else None

    signal = of(lambda one: f"{round(one.credited * tokens):,} of\u00a0{tokens:,}")
    sign = of(lambda one: one.sign_agreement and one.sign_agreement.value)
    clipped = "share of tokens whose weight was clipped; – for methods without a bound"
    columns = [
        Column("method", str, "<"),
        Column("tokens with signal", signal, "<", "tokens whose credit Â is not 0"),
        Column(
            *("sign as A", sign, "%"),
            "share of those whose credit has the sign of the response's advantage",
        ),
        Column("clipped", of(attrgetter("cut")), "%", clipped),
    ]
    if any(one.selected is not None for one in known.values()):
        columns += [column._replace(value=of(column.value), form="%") for column in SELECTION]
    if data.gradients:
        norms = dict(zip(data.gradients.methods, data.gradients.norms, strict=True))
        meaning = "Euclidean, of the method's loss on these rollouts"
        columns.append(Column("gradient norm", norms.get, meaning=meaning))
    return Table("credit by method", columns, data.methods)


def signal_table(data: Comparison) -> Table:
    """Bias and noise of the gradients."""
    signal = data.gradients and data.gradients.signal
    methods = signal.methods if signal else ()
    return Table("signal of the gradients", signal_columns("rollouts"), methods)


def lookahead_table(data: Comparison) -> Table:
    """The score after each method's updates from the same policy."""
    method, _, _, difference, corrected, test = lookahead_columns(f"against {data.baseline}")
    score = Column("score", attrgetter("score"))
    p_value = Column("p", value_at("difference", "p_value"), "p")
    columns = [method, score, difference, p_value, corrected, test]
    return Table("lookahead", columns, data.lookahead)


def nearest_table(title: str, methods: Sequence[str], matrix: Sequence[Row]) -> Table:
    """The nearest and the furthest method of each, for a matrix too large to be read."""
    columns = [Column("method", lambda one: " = ".join(one.methods)), *nearest_and_furthest("")]
    return Table(title, columns, agreements(methods, matrix))
