"""The headroom of an experiment as a table: the oracle's gain, and every method's share of it."""

import math
from collections.abc import Sequence

from assets.results.document import estimate, signed
from assets.results.formats import Section
from rlsd_pipeline.stages.evaluation.headroom import MEANING, Headroom, Reached
from rlsd_pipeline.statistics.intervals import UNBOUNDED_MARK, UNBOUNDED_REASON, PairedDifference


def headroom_section(found: Sequence[Headroom], unknown: str) -> Section:
    """A line a method for area and end of each quantity.

    Args:
        found: The headroom by each number.
        unknown: What stands there where none was found; from `how_to_know`.
    """
    if not found:
        return Section("headroom", [], [], [unknown])
    against = f"minus {found[0].compared}"
    columns = ["of", "method", against, "p", "decided", "equal within", "share", "seeds"]
    rows = [row for one in found for row in _rows(one)]
    notes = [MEANING, "p is not corrected."]
    if any(UNBOUNDED_MARK in cell for row in rows for cell in row):
        notes.append(f"{UNBOUNDED_REASON}, or the headroom may be 0.")
    return Section("headroom", columns, rows, notes, keys=2)


def _rows(one: Headroom) -> list[list[str]]:
    """The oracle, then the others."""
    of = f"{one.quantity}, {one.measure}"
    oracle = [of, one.oracle, *_gain(one.gain), "", "", "1", str(one.seeds)]
    return [oracle, *([of, *_other(other)] for other in one.others)]


def _other(other: Reached) -> list[str]:
    bounded = math.isfinite(other.margin)
    margin = f"{other.margin:.3f}" if bounded else UNBOUNDED_MARK
    share = "" if other.share is None else estimate(other.share)
    return [other.method, *_gain(other.gain), other.decided, margin, share, str(other.seeds)]


def _gain(gain: PairedDifference) -> tuple[str, str]:
    return signed(gain), f"{gain.p_value:.2g}"
