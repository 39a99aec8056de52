"""The base class of answers: the name of the kind, the text, and a rule of equality."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol

from rlsd_pipeline.verifiers.kinds.vocabulary import words_of
from schemas.reward import Verdict


class Kind(StrEnum):
    """The kinds of answers."""

    CHOICE = "choice"
    NUMBER = "number"
    QUANTITY = "number with unit"
    PERCENT = "per cent"
    TIME = "time"
    DATE = "date"
    RATIO = "ratio"
    SET = "set"
    TUPLE = "tuple"
    LIST = "list"
    INTERVAL = "interval"
    INEQUALITY = "inequality"
    EQUATION = "equation"
    MATRIX = "matrix"
    EXPRESSION = "expression"
    TEXT = "text"


class Judgement(NamedTuple):
    """The outcome of one comparison.

    Attributes:
        verdict: The outcome.
        reason: Why there is no judgement; None for correct and incorrect.
        computed: The answer is a computation whose result, a rational number, is the gold answer.
    """

    verdict: Verdict
    reason: str | None = None
    computed: bool = False


EQUAL = Judgement(Verdict.CORRECT)
UNEQUAL = Judgement(Verdict.INCORRECT)


def unparsed(reason: str) -> Judgement:
    """No judgement, and the answer is at fault."""
    return Judgement(Verdict.UNPARSED, reason)


def judged(same: bool) -> Judgement:
    """The judgement on what can be decided."""
    return EQUAL if same else UNEQUAL


class Algebra(Protocol):
    """The algebra that a comparison of mathematics calls."""

    @property
    def float_rounding(self) -> int:
        """Decimal places on which two decimals must agree."""

    @property
    def accept_computations(self) -> bool:
        """Whether a computation that was not carried out counts as its result."""

    def equal(self, gold: str, answer: str) -> Judgement:
        """Compare two LaTeX expressions or relations."""


@dataclass(frozen=True)
class Accepting:
    """An algebra that takes computations for their results, within one answer."""

    algebra: Algebra
    accept_computations: bool = True

    @property
    def float_rounding(self) -> int:
        """Decimal places on which two decimals must agree."""
        return self.algebra.float_rounding

    def equal(self, gold: str, answer: str) -> Judgement:
        """Compare two LaTeX expressions or relations."""
        return self.algebra.equal(gold, answer)


@dataclass(frozen=True)
class Context:
    """The context of reading a text.

    Attributes:
        question: What was asked.
        known: Words of the question and of the gold answer, in lower case: repeated in an answer
            they add nothing to it.
        read: Reads a part of the text, such as an element of a set.
        depth: How many enclosing answers there are.
    """

    question: str
    known: frozenset[str]
    read: Callable[[str, "Context"], "Answer"]
    depth: int = 0

    @property
    def inner(self) -> "Context":
        """The context of a part."""
        return Context(self.question, self.known, self.read, self.depth + 1)

    def asks_for(self, *words: str) -> bool:
        """Whether the question has one of these words or signs."""
        asked = words_of(self.question)
        return any(word in (asked if word.isalpha() else self.question) for word in words)


@dataclass(frozen=True)
class Answer(ABC):
    """An answer that was understood."""

    kind: ClassVar[Kind]

    text: str = field(compare=False, kw_only=True)
    """The text as read, in plain spelling."""

    @property
    def understood(self) -> bool:
        """Whether all of the text has a meaning that can be compared."""
        return True

    def stated(self, algebra: Algebra) -> "Answer | Judgement":
        """The final statement of the text; an equation states its last side."""
        return self

    @abstractmethod
    def compare(self, answer: "Answer", algebra: Algebra) -> Judgement:
        """Compare an answer with this gold one."""

    def judge(self, answer: "Answer", algebra: Algebra) -> Judgement:
        """Compare whatever was read with this gold answer; the way in from outside."""
        if not answer.understood:
            return unparsed(f"not understood as {self.kind}")
        stated = answer.stated(algebra)
        if isinstance(stated, Judgement):
            return stated
        if not stated.understood:
            return unparsed(f"not understood as {self.kind}")
        return self.compare(stated, algebra)

    def another_form(self) -> str | None:
        """An equal answer in another spelling; None where none is known."""
        return None
