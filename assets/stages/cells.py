"""Cells of the tables that assets show."""

from schemas import Interval, ScoreDifference


def interval(found: Interval | None, form: str = ".3g") -> str:
    """A number with its interval; a missing end is one that the data did not bound."""
    if found is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{found.value:{form}} [–]"
    return f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]"


def difference(found: ScoreDifference | None) -> str:
    """A difference with its interval."""
    if found is None:
        return "-"
    return interval(Interval(value=found.value, low=found.low, high=found.high), "+.3f")


def number(value: float | None, form: str = ".3g") -> str:
    """A number that may be missing."""
    return "-" if value is None else f"{value:{form}}"
