"""Formats numbers: three digits, a true minus, and a dash where there is no number."""

import math
import re
from typing import Protocol

from rlsd_pipeline.statistics.intervals import UNBOUNDED_MARK

DIGITS = 3
KEPT_DIGITS = 5
"""Of what the page's script gets: it subtracts, and shows three digits of what is left."""

ABSENT = "–"
MINUS = "−"

_HYPHEN = re.compile(r"(?<![\w)\]-])-(?=[\d.∞])|(?<=\de)-0?(?=\d)")


class Bounded(Protocol):
    """A number with its interval; an end is infinite if the data give no bound."""

    @property
    def value(self) -> float:
        """The number itself."""

    @property
    def low(self) -> float:
        """Lower end of its interval."""

    @property
    def high(self) -> float:
        """Upper end of its interval."""


def ends_of(found: Bounded) -> tuple[float, float] | None:
    """Both ends of an interval, or None if the data do not bound it."""
    ends = found.low, found.high
    return ends if all(map(math.isfinite, ends)) else None


def rounded(value: float) -> float | str:
    """A number as the page's script gets it; JavaScript's name of it where JSON has none."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    short = float(f"{value:.{KEPT_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def plain(value: float | None) -> str:
    """Three significant digits; what is counted is whole."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if isinstance(value, int) or (value == int(value) and 10 <= abs(value) < 1e6):
        return true_minus(f"{value:,.0f}")
    if value == 0:
        return "0.000"
    if not 1e-4 <= abs(value) < 1e6:
        return true_minus(f"{value:.{DIGITS}g}").replace("e+0", "e").replace("e+", "e")
    return true_minus(_to_places(value, _places(value, DIGITS)))


def signed(value: float | None) -> str:
    """As `plain`, with a plus where it is positive."""
    text = plain(value)
    return f"+{text}" if value is not None and value > 0 else text


def with_ends(found: Bounded, *, sign: bool = False) -> str:
    """A number, then its interval in brackets, all three with as many decimals."""
    ends = ends_of(found)
    if ends is None:
        return f"{signed(found.value) if sign else plain(found.value)} {UNBOUNDED_MARK}"
    largest = max(map(abs, (found.value, *ends)))
    value, low, high = (_write(number, largest, sign) for number in (found.value, *ends))
    return f"{value} [{low}, {high}]"


def _write(value: float, largest: float, sign: bool) -> str:
    """A number of an interval; the largest of the three has three digits, or two below a tenth."""
    if not 1e-4 <= largest < 1e6:
        return signed(value) if sign else plain(value)
    # A share of 1 keeps the decimals of the other shares in its column.
    size = 0.9 if largest == 1 else largest
    places = _places(size, DIGITS if size >= 0.1 else DIGITS - 1)
    return true_minus(_to_places(value, places, "+" if sign else ""))


def _places(value: float, digits: int) -> int:
    """Decimals that give a number this many significant digits; negative for whole tens."""
    # Rounding may add a digit: 9.996 is 10.0.
    return digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2])


def _to_places(value: float, places: int, sign: str = "") -> str:
    return f"{round(value, places):{sign},.{max(0, places)}f}"


def true_minus(text: str) -> str:
    """Text whose negative numbers have a minus sign, and not the hyphen that names have."""
    return _HYPHEN.sub(MINUS, text)


def p_value(value: float | None) -> str:
    """A p-value: three decimals, or its order of magnitude where they would all be 0."""
    if value is None:
        return ABSENT
    if value < 1e-16:
        return f"<1e{MINUS}16"
    return f"{value:.3f}" if value >= 0.001 else true_minus(f"{value:.0e}")


def percent(value: float | None) -> str:
    """A share as a percentage, which no line break parts from its sign."""
    if value is None:
        return ABSENT
    return f"{100 * value:.{0 if value >= 0.9995 else 1}f}\u00a0%"


def level(confidence: float) -> str:
    """A level of confidence, such as `95 %`."""
    return f"{100 * confidence:g}\u00a0%"
