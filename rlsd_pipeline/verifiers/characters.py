"""Gives one spelling to characters that look alike or mean the same."""

import re
import unicodedata

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ", "0123456789+-=()n", strict=True))
_RAISED = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")
_LOWERED = re.compile(f"[{''.join(_SUBSCRIPTS)}]+")

_SQUARED_UNITS = {
    **{
        ord(sign): f"{unit}²"
        for sign, unit in zip("㎟㎠㎡㎢", ("mm", "cm", "m", "km"), strict=True)
    },
    **{
        ord(sign): f"{unit}³"
        for sign, unit in zip("㎣㎤㎥㎦", ("mm", "cm", "m", "km"), strict=True)
    },
}
"""NFKC alone would make "m2" of a square metre."""

# From the first digit of a run: from each of its digits would take the square of its length.
_FRACTION = re.compile(r"(?<!\d)(\d+)⁄(\d+)")
_RANGE = re.compile(r"(?<=\d)[‒–—](?=\d)")
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("−‐‑‒—―﹣⁃", "-"),
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("‘’‚‛", "'"),
        **dict.fromkeys("。｡", "."),
        "、": ",",
        "【": "[",
        "】": "]",
        "º": "°",
        "˚": "°",
        "∶": ":",
        "∕": "/",
        "∗": "*",
    }
)


def normalised(text: str) -> str:
    r"""The text in composed form, with one character for each meaning.

    Full-width forms become ASCII, super- and subscripts `^{…}` and `_{…}`, vulgar fractions
    `\frac{…}{…}`, all minus signs and dashes a hyphen. A dash between two digits stays an en dash:
    it may be a range, and a hyphen would be read as a subtraction. Characters without width go.
    """
    if text.isascii():
        return text
    text = text.translate(_SQUARED_UNITS)
    text = _RAISED.sub(lambda run: "^{" + _each(run[0], _SUPERSCRIPTS) + "}", text)
    text = _LOWERED.sub(lambda run: "_{" + _each(run[0], _SUBSCRIPTS) + "}", text)
    text = _RANGE.sub("\ue000", text).translate(_ALIKE)
    text = "".join(_vulgar(each) if "¼" <= each <= "↉" else each for each in text)
    text = unicodedata.normalize("NFKC", text).translate(_ALIKE).replace("–", "-")
    text = "".join(each for each in text if unicodedata.category(each) != "Cf")
    return _FRACTION.sub(r"\\frac{\1}{\2}", text).replace("\ue000", "–")


def _each(run: str, table: dict[str, str]) -> str:
    return "".join(table[each] for each in run)


def _vulgar(character: str) -> str:
    """A vulgar fraction apart from the digit before it: 3½ is not 31/2."""
    if unicodedata.decomposition(character).startswith("<fraction>"):
        top, _, bottom = unicodedata.normalize("NFKC", character).partition("⁄")
        return rf"\frac{{{top}}}{{{bottom}}}"
    return character
