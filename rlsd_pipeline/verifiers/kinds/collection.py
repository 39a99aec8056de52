r"""Sets, whose order does not count, and tuples and lists, whose order does.

A set is written in braces, with "or", or with \pm; a tuple in parentheses; a list in neither.
"""

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
from rlsd_pipeline.verifiers.kinds.brackets import inside, split_outside
from rlsd_pipeline.verifiers.kinds.vocabulary import MEANING, sequence_of
from schemas.reward import Verdict

MOST_ELEMENTS = 64
_DEEPEST = 3
_LONGEST_NAME = 3
"""Words of an element of a list of names; a sentence with commas is no list."""

_OR = re.compile(r"(?:,|;)? ?\b(?:or|或)\b ?|\\(?:lor|vee)(?![A-Za-z])|或")
_COMMAS = re.compile(r"[,;] ?(?:and )?|[,;] ?\\(?:and|land)(?![A-Za-z]) ?| and |、|和")
_PLUS_MINUS = re.compile(r"\\pm ?")


@dataclass(frozen=True)
class Collection(Answer):
    """Several answers."""

    elements: tuple[Answer, ...]

    @property
    def understood(self) -> bool:
        """A list of names is understood as well as a list of numbers."""
        return True

    def _in_order(self, answer: "Collection", algebra: Algebra) -> Judgement:
        if len(self.elements) != len(answer.elements):
            return judged(False)
        for gold, found in zip(self.elements, answer.elements, strict=True):
            judgement = gold.judge(found, algebra)
            if judgement.verdict is not Verdict.CORRECT:
                return judgement
        return judged(True)

    def _joined(self, elements: tuple[Answer, ...]) -> str:
        return ", ".join(each.text for each in elements)


@dataclass(frozen=True)
class SetOf(Collection):
    """Elements whose order and multiplicity do not count."""

    kind: ClassVar[Kind] = Kind.SET

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """Each element in the other; a list is the set of what it lists, a tuple is no set."""
        if isinstance(answer, Tuple):
            return judged(False)
        found = answer.elements if isinstance(answer, Collection) else (answer,)
        for gold in self.elements:
            judgement = _any(((gold, each) for each in found), algebra)
            if judgement.verdict is not Verdict.CORRECT:
                return judgement
        for each in found:
            judgement = _any(((gold, each) for gold in self.elements), algebra)
            if judgement.verdict is not Verdict.CORRECT:
                return judgement
        return judged(True)

    def another_form(self) -> str | None:
        """The elements in the opposite order."""
        return rf"\{{{self._joined(self.elements[::-1])}\}}"


@dataclass(frozen=True)
class Tuple(Collection):
    """Elements in order, as coordinates."""

    kind: ClassVar[Kind] = Kind.TUPLE

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same elements in order; parentheses may be missing, a set has no order."""
        from rlsd_pipeline.verifiers.kinds.interval import Region, as_region
        from rlsd_pipeline.verifiers.kinds.matrix import Matrix

        match answer:
            case Tuple() | List():
                return self._in_order(answer, algebra)
            case Matrix() if len(answer.rows) == 1 or len(answer.rows[0]) == 1:
                elements = tuple(each for row in answer.rows for each in row)
                return self._in_order(Tuple(elements, text=answer.text), algebra)
            case Region() if (region := as_region(self)) is not None:
                return region.compare(answer, algebra)
        return judged(False)

    def another_form(self) -> str | None:
        """Without the parentheses."""
        return self._joined(self.elements)


@dataclass(frozen=True)
class List(Collection):
    """Elements in order."""

    kind: ClassVar[Kind] = Kind.LIST

    def compare(self, answer: Answer, algebra: Algebra) -> Judgement:
        """The same elements in order, whatever is around them; a set if it is written in order."""
        return self._in_order(answer, algebra) if isinstance(answer, Collection) else judged(False)

    def another_form(self) -> str | None:
        """The same with "and" before the last."""
        *most, last = self.elements
        return f"{self._joined(tuple(most))} and {last.text}"


def _any(pairs: "object", algebra: Algebra) -> Judgement:
    """The first equal pair; otherwise the first that could not be judged."""
    doubt = judged(False)
    for gold, found in pairs:  # type: ignore[attr-defined]
        judgement = gold.judge(found, algebra)
        if judgement.verdict is Verdict.CORRECT:
            return judgement
        if judgement.verdict is not Verdict.INCORRECT:
            # What takes too long must not be tried once for every element.
            return judgement
    return doubt


def read_set(text: str, context: Context) -> SetOf | None:
    r"""`\{1, 2\}`, `{1, 2}`, "1 or 2", `\pm 2`."""
    if context.depth >= _DEEPEST:
        return None
    within = inside(text, r"\{", r"\}")
    if within is None:
        within = inside(text, "{", "}")
    if within is not None:
        parts = split_outside(within, _COMMAS)
        elements = _elements(parts, context)
        return SetOf(elements, text=text) if elements else None
    parts = split_outside(text, _OR)
    if len(parts) > 1:
        elements = _elements(parts, context)
        return SetOf(_flat(elements), text=text) if elements else None
    if len(_PLUS_MINUS.findall(text)) == 1 and "=" not in text and "," not in text:
        both = [_PLUS_MINUS.sub(sign, text).removeprefix("+") for sign in ("+", "-")]
        elements = _elements(both, context)
        return SetOf(elements, text=text) if elements else None
    return None


def read_tuple(text: str, context: Context) -> Tuple | None:
    """`(1, 2)` and `<1, 2>`."""
    within = inside(text, "(", ")") or inside(text, r"\langle", r"\rangle")
    if within is None and re.fullmatch(r"<[^<>]*>", text):
        within = text[1:-1]
    if within is None or context.depth >= _DEEPEST:
        return None
    parts = split_outside(within, _COMMAS)
    elements = _elements(parts, context) if len(parts) > 1 else None
    return Tuple(elements, text=text) if elements else None


def read_list(text: str, context: Context) -> List | None:
    """`1, 2`, `1, 2 and 3`, `[1, 2, 3]`."""
    if context.depth >= _DEEPEST:
        return None
    parts = split_outside(inside(text, "[", "]") or text, _COMMAS)
    elements = _elements(parts, context) if len(parts) > 1 else None
    return List(elements, text=text) if elements else None


def _elements(parts: list[str], context: Context) -> tuple[Answer, ...] | None:
    if len(parts) > MOST_ELEMENTS or not all(parts):
        return None
    found = tuple(context.read(part, context.inner) for part in parts)
    return found if all(each.understood or _is_name(each.text) for each in found) else None


def _flat(elements: tuple[Answer, ...] | None) -> tuple[Answer, ...]:
    found: list[Answer] = []
    for each in elements or ():
        found.extend(each.elements if isinstance(each, SetOf) else (each,))
    return tuple(found)


def _is_name(text: str) -> bool:
    words = sequence_of(text)
    return 0 < len(words) <= _LONGEST_NAME and not MEANING & set(words)
