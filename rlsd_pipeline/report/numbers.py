"""Formats numbers: few digits, a true minus, and a dash where there is no number."""

import math

from rlsd_pipeline.report.part import Estimate

DIGITS = 4
ABSENT = "–"


def rounded(value: float) -> float | str:
    """A number with four significant digits; JavaScript's name of it where JSON has none."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def plain(value: float | None) -> str:
    """Three decimals for what is of the order of one, four significant digits otherwise."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int) or (value == int(value) and abs(value) >= 10):
        text = f"{value:.0f}"
    elif 0.0005 <= abs(value) < 10 or value == 0:
        text = f"{value:.3f}"
    elif abs(value) < 1e-4 or abs(value) >= 1e6:
        text = f"{value:.1e}"
    else:
        text = f"{value:.{DIGITS}g}"
    return text.replace("-", "−")


def signed(value: float | None) -> str:
    """As `plain`, with a plus where it is positive."""
    text = plain(value)
    return f"+{text}" if value is not None and value > 0 else text


def middle(estimate: Estimate, *, sign: bool = False) -> str:
    """The estimate itself, as precise as its interval is written."""
    return _write(estimate.value, estimate, sign)


def interval(estimate: Estimate, *, sign: bool = False) -> str:
    """The two ends in brackets."""
    return f"[{_write(estimate.low, estimate, sign)}, {_write(estimate.high, estimate, sign)}]"


def _write(value: float, estimate: Estimate, sign: bool) -> str:
    """A number of an estimate; an end near 0 has no more decimals than the other end."""
    largest = max(abs(estimate.value), abs(estimate.low), abs(estimate.high))
    if 0.0005 <= largest < 10:
        return f"{value:+.3f}".replace("-", "−") if sign else f"{value:.3f}".replace("-", "−")
    return signed(value) if sign else plain(value)


def p_value(value: float | None) -> str:
    """A p-value: three decimals, or its order of magnitude where they would all be 0."""
    if value is None:
        return ABSENT
    if value < 1e-16:
        return "<1e−16"
    return (
        f"{value:.3f}" if value >= 0.001 else f"{value:.0e}".replace("e-0", "e-").replace("-", "−")
    )


def percent(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return ABSENT if value is None else f"{100 * value:.1f} %"


def level(confidence: float) -> str:
    """A level of confidence, such as `95 %`."""
    return f"{100 * confidence:g} %"
