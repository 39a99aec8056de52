"""Numbers in another base, such as `1010_2`."""

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
from rlsd_pipeline.verifiers.kinds.number import Number

_NAMES = {"two": 2, "three": 3, "eight": 8, "ten": 10, "sixteen": 16, "binary": 2, "decimal": 10}
_BASED = re.compile(
    r"\(?([0-9A-Fa-f]{1,128})\)?(?: ?_ ?\{? ?(\d{1,2}|two|three|eight|ten|sixteen) ?\}?"
    r"| \(?(?:in )?base[ -](\d{1,2}|two|three|eight|ten|sixteen)\)?)"
)
_LARGEST_BASE = 16
_DECIMAL = 10


@dataclass(frozen=True)
class BasedNumber(Answer):
    """An integer written in a stated base."""

    kind: ClassVar[Kind] = Kind.NUMBER

    value: int
    base: int

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same digits in the same base: the base is what such a question asks for."""
        if not isinstance(answer, BasedNumber):
            return judged(False)
        return judged((answer.value, answer.base) == (self.value, self.base))

    def another_form(self) -> str | None:
        """The same with braces around the base."""
        digits, _, _ = self.text.partition("_")
        return f"{digits}_{{{self.base}}}" if "_" in self.text else None


def read_positional(text: str, context: Context) -> BasedNumber | Number | None:
    """Digits with their base; a letter with a subscript is a variable."""
    match = _BASED.fullmatch(text)
    if match is None or not re.search(r"\d", match[1]):
        return None
    written = match[2] or match[3]
    base = _NAMES.get(written) or int(written)
    if not 2 <= base <= _LARGEST_BASE:
        return None
    try:
        value = int(match[1], base)
    except ValueError:
        return None
    if base == _DECIMAL:
        return Number(Fraction(value), text=text)
    return BasedNumber(value, base, text=text)
