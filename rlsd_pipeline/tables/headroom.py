"""The headroom of an experiment as a table: the oracle's gain, and every method's share of it."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.evaluation.headroom import MEANING, Headroom, how_to_know
from rlsd_pipeline.statistics.intervals import UNBOUNDED_MARK, UNBOUNDED_REASON
from rlsd_pipeline.tables.table import Column, Table

_HEADS = ("of", "method", "minus {}", "p", "decided", "equal within", "share", "seeds")
_FORMS = ("", "", "+.3f", "p", "", ".3f", ".3f", "d")


def headroom_table(found: Sequence[Headroom], experiment: ExperimentConfig) -> Table:
    """A line a method for area and end of each quantity.

    Args:
        found: The headroom by each number.
        experiment: What is declared, which says how to know it where none was found.
    """
    if not found:
        return Table("headroom", [], notes=[how_to_know(experiment)])
    columns = [
        Column(head.format(found[0].compared), itemgetter(place), form)
        for place, (head, form) in enumerate(zip(_HEADS, _FORMS, strict=True))
    ]
    notes = [MEANING, "p is not corrected."]
    table = Table("headroom", columns, list(headroom_rows(found)), notes, keys=2)
    if any(UNBOUNDED_MARK in cell for row in table.texts() for cell in row):
        notes.append(f"{UNBOUNDED_REASON}, or the headroom may be 0.")
    return table


def headroom_rows(found: Sequence[Headroom]) -> Iterator[tuple[Any, ...]]:
    """The oracle by each number, then the other methods: the cells of every column."""
    for one in found:
        of = f"{one.quantity}, {one.measure}"
        yield of, one.oracle, one.gain, one.gain.p_value, "", "", "1", one.seeds
        for other in one.others:
            share = "" if other.share is None else other.share
            gain, margin = other.gain, other.margin
            yield of, other.method, gain, gain.p_value, other.decided, margin, share, other.seeds
