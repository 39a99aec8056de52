"""Cards of the matrices over methods: rank correlations and cosines of gradients."""

from collections.abc import Sequence

from rlsd_pipeline.credit.agreement import agreements
from rlsd_pipeline.report.cards import card
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.report.heat_map import MANY, heat_map
from rlsd_pipeline.report.part import Row
from rlsd_pipeline.report.tables import details, rendered
from rlsd_pipeline.tables.credit import nearest_and_furthest
from rlsd_pipeline.tables.table import Column, Table


def matrix_cards(data: Comparison, size: str) -> list[str]:
    """Returns one card for each matrix that was computed.

    Args:
        data: The comparison.
        size: How many tokens and rollouts it covers, as text.
    """
    ranks, within = data.rank_correlation, data.rank_correlation_within
    caption = f"Spearman's ρ of the token credit; – where one is constant. {size}."
    items = [_card("ranks", "Do methods order tokens alike?", ranks, data, caption)]
    caption = (
        "The same after each response's mean credit is subtracted; – for methods that give every "
        f"token of a response the same. {size}."
    )
    items.append(_card("within", "Do they agree on which tokens count?", within, data, caption))
    if data.gradient_cosine is not None:
        cosines, caption = data.gradient_cosine, f"Cosine between the gradients. {size}."
        items.append(_card("cosines", "Do updates point the same way?", cosines, data, caption))
    return items


def _card(key: str, title: str, matrix: Sequence[Row], data: Comparison, caption: str) -> str:
    """Returns the map and, for many methods, a folded table of nearest and furthest methods."""
    figure = heat_map(matrix, data.methods)
    if len(data.methods) <= MANY:
        return card(key, title, figure, caption)
    columns = [Column("method", lambda one: " = ".join(one.methods)), *nearest_and_furthest("")]
    shown = rendered(Table(title, columns, agreements(data.methods, matrix)))
    ends = details("Nearest and furthest method of each", shown)
    caption = f"In hundredths, similar methods together. {caption}"
    return card(key, title, figure, caption, ends)
