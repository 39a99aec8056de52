"""Per cent: 50% is 0.5, and 50 where the question or the gold answer has the sign."""

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
from rlsd_pipeline.verifiers.kinds.number import Number
from schemas.reward import Verdict

_PERCENT = re.compile(r"(.+?) ?(?:%|per ?cent)", re.IGNORECASE)


@dataclass(frozen=True)
class Percent(Answer):
    """A number of hundredths."""

    kind: ClassVar[Kind] = Kind.PERCENT

    shown: Number | Expression
    """The number before the sign."""

    asked: bool
    """Whether the question asks for a percentage."""

    @property
    def value(self) -> Number | Expression:
        """The number that is meant: a hundredth of the one shown."""
        return scaled(self.shown, Fraction(1, 100))

    def meant_by(self, gold: Answer, algebra: Algebra) -> Judgement:
        """Compare with a gold answer that has no sign."""
        return gold.compare(self.value, algebra)

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """Equal percentages; without the sign, the number that is meant or the one shown."""
        match answer:
            case Percent():
                return self.shown.compare(answer.shown, algebra)
            case Number() | Expression():
                meant = self.value.compare(answer, algebra)
                if meant.verdict is not Verdict.INCORRECT:
                    return meant
                return self.shown.compare(answer, algebra)
        return judged(False)

    def another_form(self) -> str | None:
        """The number that is meant."""
        value = self.value
        return value.another_form() if isinstance(value, Number) else None


def read_percent(text: str, context: Context) -> Percent | None:
    """A number or expression, then the sign or the words."""
    match = _PERCENT.fullmatch(text)
    shown = value_of(match[1]) if match and "%" not in match[1] else None
    if shown is None:
        return None
    asked = context.asks_for("percent", "percentage", "%", "百分")
    return Percent(shown, asked, text=text)
