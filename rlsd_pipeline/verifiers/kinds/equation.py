"""Equations: their value is the last side, if the other sides agree."""

import re
from dataclasses import dataclass
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import (
    Accepting,
    Algebra,
    Answer,
    Context,
    Judgement,
    Kind,
    judged,
    unparsed,
)
from rlsd_pipeline.verifiers.kinds.brackets import split_outside
from rlsd_pipeline.verifiers.kinds.expression import LONGEST, Expression, value_of
from rlsd_pipeline.verifiers.kinds.number import Number
from rlsd_pipeline.verifiers.kinds.vocabulary import adds_nothing
from schemas.reward import Verdict

_EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)|\\(?:equiv|approx)(?![A-Za-z])")
_RELATION = re.compile(r"\\(?:leq|geq|neq)(?![A-Za-z])|[<>]")
_NAME = re.compile(
    r"(?:\\(?:angle|triangle|overline|vec|hat|bar|overrightarrow|Delta) ?\{? ?)?"
    r"(?:[A-Za-z]|\\(?:alpha|beta|gamma|delta|theta|lambda|mu|phi|omega|pi|sigma|rho))"
    r"(?:_ ?\{?[A-Za-z0-9]{1,8}\}?)?'{0,3}\}?(?: ?\([^()=]{1,20}\))?|"
    r"\\?(?:angle |overline ?)?\{? ?[A-Z]{2,4}'? ?\}?"
)
_LETTER = re.compile(
    r"(?<![\\A-Za-z])(?!(?:sin|cos|tan|cot|sec|csc|log|ln|exp|pi|sqrt)(?![A-Za-z]))[A-Za-z]+"
)
"""What a side names; it has no value that could contradict the others."""
_BLANKS = re.compile(r"[\s$*{}]|\\cdot|\\times")


@dataclass(frozen=True)
class Equation(Answer):
    """Sides that are said to be equal."""

    kind: ClassVar[Kind] = Kind.EQUATION

    sides: tuple[str, ...]

    result: Answer
    """The last side."""

    is_assignment: bool
    """Whether the first side is a name, a number, or what the question has asked for."""

    @property
    def understood(self) -> bool:
        """Whether the last side is."""
        return self.result.understood

    def stated(self, algebra: Algebra) -> Answer | Judgement:
        """The last side; sides that are numbers must be equal to it."""
        value = self.result
        if not isinstance(value, Number | Expression):
            return value
        for side in self.sides[:-1]:
            number = value_of(side)
            if number is None or _LETTER.search(side):
                continue
            equal = Number.compare if isinstance(number, Number) else Expression.compare
            judgement = equal(number, value, Accepting(algebra))  # type: ignore[arg-type]
            if judgement.verdict is Verdict.INCORRECT:
                return unparsed(f"contradicts itself: {self.text}")
            if judgement.verdict is not Verdict.CORRECT:
                # The sides are the response's: that they cannot be compared is its fault.
                return unparsed(judgement.reason or f"not understood: {self.text}")
        return value

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same relation; where this one names its value, that value alone is enough."""
        if isinstance(answer, Equation):
            return algebra.equal(self.text, answer.text)
        return self.result.judge(answer, algebra) if self.is_assignment else judged(False)

    def judge(self, answer: Answer, algebra: Algebra) -> Judgement:
        """An equation is compared with an equation as a whole."""
        if isinstance(answer, Equation):
            if self.is_assignment and answer.is_assignment and self.sides[0] == answer.sides[0]:
                return self.result.judge(answer, algebra)
            return self.compare(answer, algebra)
        return Answer.judge(self, answer, algebra)

    def another_form(self) -> str | None:
        """The same with its sides exchanged, or its value alone."""
        if self.is_assignment:
            return self.result.text
        return f"{self.sides[1]} = {self.sides[0]}" if len(self.sides) == 2 else None


def read_equation(text: str, context: Context) -> Equation | None:
    """Two sides or more; one that equates other things than the answer is understood as itself."""
    if len(text) > LONGEST or "=" not in text or _RELATION.search(text):
        return None
    sides = split_outside(text, _EQUALS)
    if len(sides) < 2 or not all(sides):
        return None
    result = context.read(sides[-1], context.inner)
    named = _is_named(sides[0], context)
    if not named and value_of(sides[0]) is None:
        return None
    return Equation(tuple(sides), result, named, text=text)


def _is_named(side: str, context: Context) -> bool:
    if _NAME.fullmatch(side) or adds_nothing(side, context.known):
        return True
    value = value_of(side)
    if value is not None and not _LETTER.search(side):
        return True
    asked = _BLANKS.sub("", context.question)
    return value is not None and _BLANKS.sub("", side) in asked
