"""Names of units, and the factors between them, which Pint knows."""

import re
from fractions import Fraction
from functools import cache
from typing import Any

Unit = tuple[tuple[str, int], ...]
"""Names with exponents, in order of the names."""

_SI = {
    "m": "meter", "g": "gram", "s": "second", "L": "liter", "l": "liter", "W": "watt",
    "J": "joule", "N": "newton", "Pa": "pascal", "V": "volt", "A": "ampere", "Hz": "hertz",
    "Ω": "ohm", "F": "farad", "C": "coulomb", "mol": "mole", "eV": "electron_volt", "T": "tesla",
    "K": "kelvin", "cal": "calorie", "B": "byte",
}  # fmt: skip
_PREFIXES = {"k": "kilo", "m": "milli", "c": "centi", "d": "deci", "M": "mega", "G": "giga",
             "μ": "micro", "µ": "micro", "u": "micro", "n": "nano", "h": "hecto"}  # fmt: skip
_PREFIXED = {
    "km", "cm", "mm", "dm", "μm", "µm", "um", "nm", "hm", "kg", "mg", "μg", "ms", "ns", "mL", "ml",
    "cL", "cl", "dL", "dl", "kL", "kW", "MW", "GW", "mW", "kJ", "MJ", "kN", "mN", "kPa", "MPa",
    "hPa", "GPa", "kV", "mV", "mA", "μA", "kHz", "MHz", "GHz", "kΩ", "MΩ", "μF", "nF", "mC", "μC",
    "mmol", "keV", "MeV", "GeV", "kcal", "kB", "MB", "GB",
}  # fmt: skip
_SHORT = {
    **_SI,
    **{name: _PREFIXES[name[0]] + _SI[name[1:]] for name in _PREFIXED},
    "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "sec": "second",
    "secs": "second", "d": "day", "yr": "year", "yrs": "year", "wk": "week",
    "in": "inch", "ft": "foot", "yd": "yard", "mi": "mile", "lb": "pound", "lbs": "pound",
    "oz": "ounce", "gal": "gallon", "qt": "quart", "pt": "pint", "ha": "hectare",
    "mph": "mile/hour", "kph": "kilometer/hour", "kmh": "kilometer/hour", "atm": "atmosphere",
    "rad": "radian", "deg": "degree", "au": "astronomical_unit", "ly": "light_year",
    "USD": "dollar", "EUR": "euro", "GBP": "sterling", "CNY": "yuan", "RMB": "yuan", "Rs": "rupee",
    "元": "yuan", "米": "meter", "厘米": "centimeter", "毫米": "millimeter", "分米": "decimeter",
    "千米": "kilometer", "公里": "kilometer", "克": "gram", "千克": "kilogram", "公斤": "kilogram",
    "小时": "hour", "分钟": "minute", "分": "minute", "秒": "second", "天": "day", "年": "year",
    "度": "degree", "升": "liter", "毫升": "milliliter", "平方米": "meter^2",
    "平方厘米": "centimeter^2", "立方米": "meter^3", "立方厘米": "centimeter^3",
}  # fmt: skip
_LONG = {
    **{name: name for name in (
        "meter", "gram", "liter", "second", "minute", "hour", "day", "week", "month", "year",
        "century", "inch", "foot", "yard", "mile", "pound", "ounce", "ton", "gallon", "quart",
        "pint", "cup", "acre", "hectare", "degree", "radian", "kelvin", "watt", "joule", "newton",
        "pascal", "volt", "ampere", "hertz", "ohm", "farad", "coulomb", "mole", "calorie", "knot",
        "bit", "byte", "dollar", "cent", "euro", "sterling", "yuan", "rupee", "yen", "atmosphere",
        "tonne", "light_year",
    )},
    **{prefix + unit: prefix + unit for prefix in ("kilo", "centi", "milli", "deci",
    "micro", "nano",
                                                   "mega", "giga")
       for unit in ("meter", "gram", "liter", "watt", "joule", "newton", "hertz", "byte", "second",
                    "ohm", "volt")},
    "unit": "unit",
    "metre": "meter", "litre": "liter", "feet": "foot", "inches": "inch", "buck": "dollar",
    "centuries": "century", "kilometre": "kilometer", "centimetre": "centimeter",
    "millimetre": "millimeter", "decimetre": "decimeter", "millilitre": "milliliter",
    "rupees": "rupee",
    "amp": "ampere", "quid": "sterling", "kilo": "kilogram", "mole": "mole",
    "celsius": "degree_Celsius", "fahrenheit": "degree_Fahrenheit",
}  # fmt: skip
CURRENCIES = {"$": "dollar", r"\$": "dollar", "US$": "dollar", r"US\$": "dollar", "€": "euro",
              "£": "sterling", "¥": "yuan", "₹": "rupee", "Rs.": "rupee",
              "Rs": "rupee"}  # fmt: skip
_DEFINITIONS = (
    "dollar = [currency_USD]", "cent = dollar / 100", "euro = [currency_EUR]",
    "sterling = [currency_GBP]", "yuan = [currency_CNY]", "rupee = [currency_INR]",
    "yen = [currency_JPY]",
)  # fmt: skip

_SQUARE = re.compile(r"(square(?!d)|sq\.?|cubic|cu\.?) ?", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_]+")
_POWER = re.compile(
    r" ?(?:\^|\*\*) ?\{? ?(-?\d) ?\}?| ?(squared|cubed)(?![a-z])|(?<=m)([23])(?!\d)"
)
_BETWEEN = re.compile(r" ?(?:(/)|(per )|\*|\\cdot ?|\.) ?| ")
_DEGREES = re.compile(
    r"\^\{\\circ\} ?(C|F|K)?(?![A-Za-z])|degrees? ?(C|F|celsius|fahrenheit)(?![a-z])", re.I
)
_TEMPERATURES = {"c": "degree_Celsius", "celsius": "degree_Celsius", "f": "degree_Fahrenheit",
                 "fahrenheit": "degree_Fahrenheit", "k": "kelvin"}  # fmt: skip
_MOST_FACTORS = 6


def read_unit(text: str) -> Unit | None:
    """The unit that the whole text names, such as `km/h`, `m^{2}` or `square inches`."""
    if match := _DEGREES.fullmatch(text):
        scale = (match[1] or match[2] or "").casefold()
        return ((_TEMPERATURES.get(scale, "degree"), 1),)
    factors: dict[str, int] = {}
    sign, place = 1, 0
    for _ in range(_MOST_FACTORS):
        power = 1
        if prefix := _SQUARE.match(text, place):
            power, place = (2 if prefix[1][0] in "sS" else 3), prefix.end()
        name = _NAME.match(text, place)
        found = None if name is None else _canonical(name[0])
        if name is None or found is None:
            return None
        place = name.end()
        if raised := _POWER.match(text, place):
            word = {"squared": 2, "cubed": 3}
            power = word[raised[2]] if raised[2] else int(raised[1] or raised[3])
            place = raised.end()
        for unit, own in found:
            factors[unit] = factors.get(unit, 0) + sign * power * own
        if place == len(text):
            return tuple(sorted((unit, power) for unit, power in factors.items() if power))
        joined = _BETWEEN.match(text, place)
        if joined is None:
            return None
        sign, place = (-1 if joined[1] or joined[2] else sign), joined.end()
    return None


def factor(unit: Unit, into: Unit) -> Fraction | None:
    """The factor from one unit to another; None if they are incompatible."""
    if unit == into:
        return Fraction(1)
    registry = _registry()
    try:
        return Fraction(registry.Quantity(Fraction(1), _spelled(unit)).to(_spelled(into)).magnitude)
    except Exception as error:
        # Offset scales and other dimensions are errors of several classes.
        if type(error).__module__.startswith("pint"):
            return None
        raise


def _canonical(name: str) -> Unit | None:
    found = _SHORT.get(name)
    if found is None:
        long = name.casefold()
        candidates = (long, long.removesuffix("s"), long.removesuffix("es"))
        found = next((_LONG[each] for each in candidates if each in _LONG), None)
    if found is None:
        return None
    over, _, under = found.partition("/")
    base, _, power = over.partition("^")
    return ((base, int(power or 1)), *(((under, -1),) if under else ()))


def _spelled(unit: Unit) -> str:
    return " * ".join(f"{name} ** {power}" for name, power in unit) or "dimensionless"


@cache
def _registry() -> Any:
    # A third of a second, and most comparisons have no units to convert.
    import pint

    registry: Any = pint.UnitRegistry(non_int_type=Fraction)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry
