"""Tables that assets show, and their cells."""

from collections.abc import Mapping
from math import isfinite

import dagster as dg

from rlsd_pipeline.report.numbers import true_minus
from rlsd_pipeline.statistics.intervals import UNBOUNDED_MARK
from schemas import Interval, ScoreDifference

_WHOLE_FROM = 1000


def numbers(found: Mapping[str, float] | None) -> dict[str, dg.TableMetadataValue]:
    """The numbers of a stage as a table."""
    rows = [{"name": name, "value": digits(value)} for name, value in (found or {}).items()]
    return (
        {"numbers": dg.MetadataValue.table([dg.TableRecord(row) for row in rows])} if rows else {}
    )


def digits(value: float) -> str:
    """A number in three digits, or whole: `0.0302`, `1,000`."""
    whole = isinstance(value, int) or abs(value) >= _WHOLE_FROM
    return true_minus(f"{value:,.0f}" if whole and isfinite(value) else f"{value:.3g}")


def interval(found: Interval | None, form: str = ".3g") -> str:
    """A number with its interval; a missing end is one that the data did not bound."""
    if found is None:
        return "-"
    if found.low is None or found.high is None:
        return true_minus(f"{found.value:{form}} {UNBOUNDED_MARK}")
    return true_minus(f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]")


def difference(found: ScoreDifference | None, form: str = "+.3f") -> str:
    """A difference with its interval."""
    if found is None:
        return "-"
    return interval(Interval(value=found.value, low=found.low, high=found.high), form)


def number(value: float | None, form: str = ".3g") -> str:
    """A number that may be missing."""
    return "-" if value is None else true_minus(f"{value:{form}}")
