"""The headroom of an experiment as a table: whether better credit could help, and who gets it."""

from collections.abc import Sequence

from assets.results.document import estimate, signed
from assets.results.formats import Section
from rlsd_pipeline.evaluation.intervals import UNBOUNDED_MARK, UNBOUNDED_REASON
from rlsd_pipeline.stages.evaluation.headroom import HOW_TO_KNOW, MEANING, Headroom


def headroom_section(found: Sequence[Headroom]) -> Section:
    """A line for the area and the end of each quantity; without an oracle, how to have one."""
    if not found:
        return Section("headroom", [], [], [HOW_TO_KNOW])
    first = found[0]
    methods = list(dict.fromkeys(other.method for one in found for other in one.others))
    columns = ["of", "seeds", f"{first.oracle} minus {first.compared}", "p"]
    rows = []
    for one in found:
        shares = {other.method: other.share for other in one.others}
        p_value = f"{one.gain.p_value:.2g}"
        cells = [f"{one.quantity}, {one.measure}", str(one.seeds), signed(one.gain), p_value]
        shown = (shares.get(method) for method in methods)
        rows.append([*cells, *("" if share is None else estimate(share) for share in shown)])
    notes = [MEANING, "p is not corrected."]
    if any(UNBOUNDED_MARK in cell for row in rows for cell in row):
        notes.append(f"{UNBOUNDED_REASON}, or the headroom may be 0.")
    return Section("headroom", [*columns, *(f"share of {m}" for m in methods)], rows, notes)
