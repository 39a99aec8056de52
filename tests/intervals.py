"""The numbers of an interval, to be compared at once."""

from schemas import Interval, ScoreDifference


def numbers(found: Interval | ScoreDifference) -> tuple[float, float, float]:
    """Its value and both ends."""
    return found.value, found.low, found.high


def ends(found: Interval | ScoreDifference) -> tuple[float, float]:
    """Both ends."""
    return found.low, found.high
