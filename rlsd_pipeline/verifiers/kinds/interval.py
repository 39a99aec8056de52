"""Intervals and inequalities, which say the same in two ways."""

import re
from dataclasses import dataclass
from typing import ClassVar

from rlsd_pipeline.verifiers.kinds.answer import (
    Algebra,
    Answer,
    Context,
    Judgement,
    Kind,
    judged,
)
from rlsd_pipeline.verifiers.kinds.brackets import split_outside
from rlsd_pipeline.verifiers.kinds.collection import Tuple
from rlsd_pipeline.verifiers.kinds.expression import Expression, value_of
from rlsd_pipeline.verifiers.kinds.number import Number
from schemas.reward import Verdict

Value = Number | Expression

_UNION = re.compile(r" ?(?:\\cup|\bor\b|∪|\bU\b) ?")
_MEMBER = re.compile(r"([A-Za-z]) ?\\in ?")
_INTERVAL = re.compile(r"([\[(])(.+)([\])])", re.DOTALL)
_COMMA = re.compile(r", ?")
_RELATION = re.compile(r" ?(\\leq|\\geq|<|>) ?")
_VARIABLE = re.compile(r"[A-Za-z]|\\(?:alpha|beta|theta|lambda|phi|gamma)")
_INFINITE = (r"\infty", r"-\infty")
_MOST_PIECES = 8


@dataclass(frozen=True)
class Piece:
    """One interval; an end of None is infinite."""

    low: Value | None
    high: Value | None
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True)
class Region(Answer):
    """A union of intervals, and the variable that an inequality names."""

    kind: ClassVar[Kind] = Kind.INTERVAL

    pieces: tuple[Piece, ...]
    variable: str | None

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same ends, each open or closed alike; a pair may be an open interval."""
        if isinstance(answer, Tuple):
            answer = as_region(answer) or answer
        if not isinstance(answer, Region) or len(answer.pieces) != len(self.pieces):
            return judged(False)
        if self.variable and answer.variable and self.variable != answer.variable:
            return judged(False)
        for gold, found in zip(_sorted(self.pieces), _sorted(answer.pieces), strict=True):
            if (gold.low_closed, gold.high_closed) != (found.low_closed, found.high_closed):
                return judged(False)
            for here, there in ((gold.low, found.low), (gold.high, found.high)):
                judgement = _same_end(here, there, algebra)
                if judgement.verdict is not Verdict.CORRECT:
                    return judgement
        return judged(True)

    def another_form(self) -> str | None:
        """An interval as an inequality, an inequality as an interval."""
        if len(self.pieces) != 1:
            return None
        piece = self.pieces[0]
        if self.variable is None:
            low = "" if piece.low is None else f"{piece.low.text}{_sign(piece.low_closed)} "
            high = "" if piece.high is None else f"{_sign(piece.high_closed)} {piece.high.text}"
            return f"{low}x {high}" if low or high else None
        low = r"-\infty" if piece.low is None else piece.low.text
        high = r"\infty" if piece.high is None else piece.high.text
        return f"{'[' if piece.low_closed else '('}{low}, {high}{']' if piece.high_closed else ')'}"


@dataclass(frozen=True)
class Inequality(Region):
    """A region given by relations of a variable."""

    kind: ClassVar[Kind] = Kind.INEQUALITY


def as_region(pair: Tuple) -> Region | None:
    """A pair of numbers as the open interval between them."""
    if len(pair.elements) != 2:
        return None
    low, high = pair.elements
    if not isinstance(low, Number | Expression) or not isinstance(high, Number | Expression):
        return None
    return Region((Piece(_end(low), _end(high), False, False),), None, text=pair.text)


def read_interval(text: str, context: Context) -> Region | None:
    r"""`[1, 2)`, `(-\infty, 3]`, unions of them; two numbers in parentheses are a pair."""
    variable = None
    if match := _MEMBER.match(text):
        variable, text = match[1], text[match.end() :]
    parts = split_outside(text, _UNION)
    pieces = [_interval(part) for part in parts[:_MOST_PIECES]]
    if len(parts) > _MOST_PIECES or not all(pieces):
        return None
    if len(parts) == 1 and text[0] == "(" and text[-1] == ")" and variable is None:
        infinite = pieces[0] and (pieces[0].low is None or pieces[0].high is None)
        if not infinite:
            return None
    return Region(tuple(each for each in pieces if each), variable, text=text)


def read_inequality(text: str, context: Context) -> Inequality | None:
    r"""`1 \leq x < 2`, `x > 3`, `x < 1 or x > 2`."""
    parts = split_outside(text, _UNION)
    found = [_relation(part) for part in parts[:_MOST_PIECES]]
    variables = {each[0] for each in found if each}
    if len(parts) > _MOST_PIECES or not all(found) or len(variables) != 1:
        return None
    return Inequality(tuple(each[1] for each in found if each), variables.pop(), text=text)


def _interval(text: str) -> Piece | None:
    match = _INTERVAL.fullmatch(text)
    ends = split_outside(match[2], _COMMA) if match else []
    if match is None or len(ends) != 2:
        return None
    low, high = value_of(ends[0]), value_of(ends[1])
    if low is None or high is None:
        return None
    return _piece(low, high, match[1] == "[", match[3] == "]")


def _relation(text: str) -> tuple[str, Piece] | None:
    parts = _RELATION.split(text)
    if len(parts) == 3:
        left, sign, right = parts
        if _VARIABLE.fullmatch(right):
            left, sign, right = (
                right,
                sign.translate(_MIRROR) if len(sign) == 1 else _MIRRORED[sign],
                left,
            )
        value = value_of(right) if _VARIABLE.fullmatch(left) else None
        if value is None or _VARIABLE.fullmatch(right):
            return None
        closed = len(sign) > 1
        below = sign in ("<", r"\leq")
        return left, _piece(None if below else value, value if below else None, closed, closed)
    if len(parts) == 5 and _VARIABLE.fullmatch(parts[2]):
        low, first, variable, second, high = parts
        if first in (">", r"\geq"):
            low, first, second, high = high, _MIRRORED[second], _MIRRORED[first], low
        ends = value_of(low), value_of(high)
        signs = (first, second)
        if None in ends or any(sign not in ("<", r"\leq") for sign in signs):
            return None
        return variable, _piece(ends[0], ends[1], len(first) > 1, len(second) > 1)
    return None


_MIRROR = str.maketrans("<>", "><")
_MIRRORED = {"<": ">", ">": "<", r"\leq": r"\geq", r"\geq": r"\leq"}


def _piece(low: Value | None, high: Value | None, low_closed: bool, high_closed: bool) -> Piece:
    """A piece with infinite ends as None, which are always open."""
    low, high = (None if end is None else _end(end) for end in (low, high))
    return Piece(low, high, low_closed and low is not None, high_closed and high is not None)


def _end(value: Value) -> Value | None:
    return None if isinstance(value, Expression) and value.latex in _INFINITE else value


def _sorted(pieces: tuple[Piece, ...]) -> list[Piece]:
    """The pieces from left to right if the ends are numbers; otherwise in their written order."""
    lows = [piece.low for piece in pieces]
    if any(isinstance(low, Expression) for low in lows):
        return list(pieces)
    return sorted(
        pieces, key=lambda each: each.low.value if isinstance(each.low, Number) else float("-inf")
    )


def _same_end(gold: Value | None, found: Value | None, algebra: Algebra) -> Judgement:
    if gold is None or found is None:
        return judged(gold is found)
    return gold.compare(found, algebra)


def _sign(closed: bool) -> str:
    return r"\leq" if closed else "<"
