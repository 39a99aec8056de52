"""Ratios: 1:2 equals 2:4, and the fraction 1/2 where the gold answer is a ratio of two."""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import (
    Accepting,
    Algebra,
    Answer,
    Context,
    Judgement,
    Kind,
    judged,
)
from rlsd_pipeline.verifiers.kinds.clock import Time
from rlsd_pipeline.verifiers.kinds.expression import Expression, value_of
from rlsd_pipeline.verifiers.kinds.number import Number
from schemas.reward import Verdict

_BETWEEN = re.compile(r" ?(?::|\bis to\b|\bto\b) ?")
_CLOCK = re.compile(r" ?: ?")
_MOST_TERMS = 8


@dataclass(frozen=True)
class Ratio(Answer):
    """Two or more values in proportion."""

    kind: ClassVar[Kind] = Kind.RATIO

    terms: tuple[Number | Expression, ...]

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """Each pair of neighbours in the same proportion."""
        match answer:
            case Ratio():
                terms = answer.terms
            case Time(half=None):
                terms = tuple(_values(_CLOCK.split(answer.text)))
            case Number() | Expression() if len(self.terms) == 2:
                terms = (answer, Number(Fraction(1), text="1"))
            case _:
                return judged(False)
        if len(terms) != len(self.terms):
            return judged(False)
        for (a, b), (c, d) in zip(pairwise(self.terms), pairwise(terms), strict=True):
            crosswise = _product(a, d).compare(_product(b, c), Accepting(algebra))
            if crosswise.verdict is not Verdict.CORRECT:
                return crosswise
        return judged(True)

    def another_form(self) -> str | None:
        """The same with words between the terms."""
        return " to ".join(each.text for each in self.terms)


def _product(one: Number | Expression, other: Number | Expression) -> Number | Expression:
    text = rf"({one.latex})\cdot({other.latex})"
    if isinstance(one, Number) and isinstance(other, Number):
        return Number(one.value * other.value, text=text)
    return Expression(text, text=text)


def read_ratio(text: str, context: Context) -> Ratio | None:
    """Values with colons or "to" between them."""
    parts = _BETWEEN.split(text)
    if not 2 <= len(parts) <= _MOST_TERMS:
        return None
    terms = tuple(_values(parts))
    return Ratio(terms, text=text) if len(terms) == len(parts) else None


def _values(parts: list[str]) -> list[Number | Expression]:
    found = (value_of(part.strip()) for part in parts)
    return [each for each in found if each is not None]
