"""Numbers with units: lengths, areas, durations, money, angles, and things that are counted."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import (
    Algebra,
    Answer,
    Context,
    Judgement,
    Kind,
    judged,
)
from rlsd_pipeline.verifiers.kinds.expression import Expression, scaled, value_of
from rlsd_pipeline.verifiers.kinds.number import Number, number_in
from rlsd_pipeline.verifiers.kinds.units import CURRENCIES, Unit, factor, read_unit
from rlsd_pipeline.verifiers.kinds.vocabulary import COUNTED, NEUTRAL, adds_nothing, words_of

_CURRENCY = re.compile(r"(-? ?)((?:US)?\\?\$|[€£¥₹]|Rs\.?) ?(.+)")
_CURRENCY_AFTER = re.compile(r"(.+?) ?(\\?\$|[€£¥₹])")
_TERMS = re.compile(
    r"(\d+(?:\.\d+)?) ?([A-Za-z]+|['\"])(?:,? and |, ?| )?(?=\d)(\d+(?:\.\d+)?) ?([A-Za-z]+|['\"])"
    r"(?:(?:,? and |, ?| )?(?=\d)(\d+(?:\.\d+)?) ?([A-Za-z]+))?"
)
_MARKS = {"'": "foot", '"': "inch"}
_UNIT_STARTS = re.compile(r"(?<![A-Za-z\\])(?=[^\W\d_])|(?=\^\{\\circ\})")
_SINGLE = re.compile(r"[A-Za-z](?![A-Za-z])")
_SINGLE_UNITS = frozenset("mgshLlNJWVAKCFT")
_MOST_STARTS = 12
_DEGREE: Unit = (("degree", 1),)


@dataclass(frozen=True)
class Quantity(Answer):
    """A value with a unit, or with the things that it counts."""

    kind: ClassVar[Kind] = Kind.QUANTITY

    value: Number | Expression

    unit: Unit
    """Known units; empty where things are counted."""

    things: frozenset[str] = frozenset()
    """Words that follow the number, which are no units."""

    @property
    def is_angle(self) -> bool:
        """Whether the unit is the degree."""
        return self.unit == _DEGREE

    @property
    def in_radians(self) -> str:
        """The angle as LaTeX in radians."""
        return rf"({self.value.latex})\cdot\frac{{\pi}}{{180}}"

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """Equal after conversion; a unit may be missing, and radians need none."""
        match answer:
            case Quantity():
                return self._convert(answer, algebra)
            case Expression() if self.is_angle and r"\pi" in answer.latex:
                return algebra.equal(self.in_radians, answer.latex)
            case Expression() if (close := _letter_as_unit(answer.text)) is not None:
                return self._convert(close, algebra)
            case Number() | Expression():
                return self.value.compare(answer, algebra)
        return judged(False)

    def _convert(self, answer: "Quantity", algebra: Algebra) -> Judgement:
        if self.things or answer.things:
            alike = self.things <= answer.things or answer.things <= self.things
            known = bool(self.unit) == bool(answer.unit)
            return self.value.compare(answer.value, algebra) if alike and known else judged(False)
        by = factor(answer.unit, self.unit)
        if by is None:
            return judged(False)
        return self.value.compare(scaled(answer.value, by), algebra)

    def another_form(self) -> str | None:
        """The value alone."""
        return self.value.another_form()


def read_quantity(text: str, context: Context) -> Quantity | None:
    """A value, then a unit or words that the question or the gold answer had before."""
    return (
        _money(text, context)
        or _several_terms(text)
        or _with_unit(text, context)
        or _counted(text, context)
    )


def _money(text: str, context: Context) -> Quantity | None:
    if match := _CURRENCY.fullmatch(text):
        sign, mark, amount = match[1].strip(), match[2], match[3]
    elif match := _CURRENCY_AFTER.fullmatch(text):
        sign, mark, amount = "", match[2], match[1]
    else:
        return None
    value = value_of(sign + amount)
    if value is None:
        named = _with_unit(sign + amount, context) or _counted(sign + amount, context)
        if named is None or named.unit not in ((), ((CURRENCIES[mark], 1),)):
            return None
        value = named.value
    return Quantity(value, ((CURRENCIES[mark], 1),), text=text)


def _several_terms(text: str) -> Quantity | None:
    """Such as "2 h 30 min" or 5'3": each unit smaller than the one before, all of one kind."""
    match = _TERMS.fullmatch(text)
    if match is None:
        return None
    parts = [each for each in match.groups() if each is not None]
    units = [read_unit(_MARKS.get(name, name)) for name in parts[1::2]]
    total, smallest = Fraction(0), units[-1]
    if smallest is None:
        return None
    before: Fraction | None = None
    for number, unit in zip(parts[::2], units, strict=True):
        by = None if unit is None else factor(unit, smallest)
        if by is None or (before is not None and by >= before):
            return None
        total, before = total + Fraction(number) * by, by
    return Quantity(Number(total, text=f"{total} "), smallest, text=text)


def _with_unit(text: str, context: Context) -> Quantity | None:
    starts = [match.start() for match in _UNIT_STARTS.finditer(text) if match.start()]
    for start in starts[:_MOST_STARTS]:
        before, named = text[:start], text[start:]
        if _SINGLE.match(named) and not (before.endswith(" ") and named[0] in _SINGLE_UNITS):
            continue
        unit, rest = _leading_unit(named, context)
        value = value_of(before.strip().removesuffix("-").strip()) if unit else None
        if unit and value is not None and (not rest or adds_nothing(rest, context.known)):
            return Quantity(value, unit, text=text)
    return None


def _leading_unit(text: str, context: Context) -> tuple[Unit | None, str]:
    """The longest unit that the text begins with, and what follows it."""
    ends = [len(text), *(match.start() for match in re.finditer(" ", text))][:_MOST_STARTS]
    for end in sorted(ends, reverse=True):
        if unit := read_unit(text[:end].strip()):
            return unit, text[end:].strip()
    return None, text


def _letter_as_unit(text: str) -> Quantity | None:
    """5m as five metres, where the gold answer is a number of units."""
    number, letter = text[:-1], text[-1:]
    value = number_in(number)
    unit = read_unit(letter) if letter in _SINGLE_UNITS else None
    if value is None or unit is None:
        return None
    return Quantity(Number(value, text=number), unit, text=text)


def _counted(text: str, context: Context) -> Quantity | None:
    """A number and things: words of the question, or names of things that are often counted."""
    words = text.split(" ")
    for count in range(min(len(words) - 1, 6), 0, -1):
        phrase = " ".join(words[count:])
        value = number_in(" ".join(words[:count]))
        if value is None:
            continue
        if not adds_nothing(phrase, context.known):
            return None
        things = frozenset(_singular(word) for word in words_of(phrase) - NEUTRAL)
        # Things that every question counts need not be the same: "4 sides" is "4 edges" is 4.
        specific = things - {_singular(word) for word in COUNTED} if len(things) > 1 else things
        return Quantity(Number(value, text=" ".join(words[:count])), (), specific, text=text)
    return None


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word
