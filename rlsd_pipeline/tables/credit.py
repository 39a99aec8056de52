"""The columns of compared methods: fidelity, signal of the gradients, one update by each."""

from collections.abc import Iterable
from operator import attrgetter, itemgetter

from rlsd_pipeline.tables.table import Cell, Column, Table, value_at
from schemas import CreditFidelity

METHOD = Column("method", attrgetter("method"), "<")


def fidelity_columns(against: str, form: str = ".2f") -> list[Column]:
    """The fidelity of a method over all tokens, and its difference to the compared method.

    Args:
        against: Head of the difference.
        form: The format of the fidelity.
    """
    return [
        METHOD,
        Column("fidelity", attrgetter("value"), form),
        Column(against, attrgetter("difference"), "+.3f"),
        Column("p (Holm)", attrgetter("p_corrected"), "p"),
    ]


def measured_text(fidelity: CreditFidelity, tokens: int) -> str:
    """What has a measured advantage: tokens, or the spans between the valued states.

    Args:
        fidelity: What was measured.
        tokens: Tokens of the compared responses.
    """
    unit = "tokens" if fidelity.spans == tokens else "spans of tokens"
    return f"{fidelity.spans:,} {unit}"


def credit_columns(segments: Iterable[str]) -> list[Column]:
    """The size, the place and the sign of a method's token credit.

    Args:
        segments: Names of the parts of a response.
    """
    return [
        METHOD,
        *(Column(name, value_at("quantiles", name), "+.3f") for name in ("p05", "p50", "p95")),
        *(Column(segment, value_at("segments", segment), ".2f") for segment in segments),
        Column("sign", attrgetter("sign_agreement"), ".2f"),
        Column("cut", attrgetter("cut"), ".2f"),
    ]


SELECTION = (
    Column("selected", attrgetter("selected"), ".2f", "tokens picked by small differences"),
    Column(
        *("by rounding", attrgetter("selected_by_rounding"), ".2g"),
        "tokens that rounding alone would pick, over those selected: the noise floor",
    ),
)
"""How many tokens a method selects by small differences, and how many rounding would."""


def part_columns(part: str, against: str) -> list[Column]:
    """The fidelity on a part of the responses, and its difference to the compared method.

    Args:
        part: Name of a part, as in `MethodFidelity.parts`.
        against: Head of the difference.
    """
    return [
        Column(part, lambda one: one.parts().get(part), ".2f"),
        Column(against, value_at("differences", part, "difference"), "+.3f"),
        Column("p (Holm)", value_at("differences", part, "p_corrected"), "p"),
    ]


def between_ends(table: Table, first: str, last: str, blank: Cell) -> Table:
    """A table of fidelities between its two ends, the true advantage and a random credit.

    Args:
        table: The methods; its first columns are name and fidelity.
        first: Name of the upper end.
        last: Name of the lower end.
        blank: The other cells of both.
    """
    columns = [
        column._replace(value=itemgetter(place)) for place, column in enumerate(table.columns)
    ]
    blanks = [blank] * (len(columns) - 2)
    rows = [[column.value(row) for column in table.columns] for row in table.rows]
    rows = [[first, "1", *blanks], *rows, [last, "0", *blanks]]
    return table._replace(columns=columns, rows=rows)


def signal_columns(rollouts: str, form: str = ".2f") -> list[Column]:
    """Bias and noise of a method's gradient.

    Args:
        rollouts: Head of the number of rollouts.
        form: The format of cosine and share.
    """
    return [
        METHOD,
        Column("cosine with true", attrgetter("cosine"), form),
        Column("signal share", attrgetter("share"), form),
        Column("prompts for a half", attrgetter("prompts_needed"), ",.0f"),
        Column(rollouts, attrgetter("rollouts_needed"), ",.0f"),
    ]


def lookahead_columns(against: str) -> list[Column]:
    """The score of a method after its one update.

    Args:
        against: Head of the difference to the compared method.
    """
    return [
        METHOD,
        Column("accuracy", attrgetter("score")),
        Column("gain", attrgetter("gain"), "+.3f"),
        Column(against, attrgetter("difference"), "+.3f"),
        Column("p (Holm)", value_at("difference", "p_corrected"), "p"),
        Column("test", value_at("difference", "test"), ""),
    ]


def nearest_and_furthest(form: str) -> list[Column]:
    """The most and the least similar method of each, of records of `credit.agreement`.

    Args:
        form: The format of the similarity.
    """
    return [
        column
        for end in ("nearest", "furthest")
        for column in (
            Column(end, value_at(end, "method"), "<"),
            Column("value", value_at(end, "value"), form),
        )
    ]
