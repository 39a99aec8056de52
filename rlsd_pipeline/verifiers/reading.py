"""Recognises the kind of an answer's text."""

import re
from collections.abc import Callable

from rlsd_pipeline.verifiers.kinds.answer import Answer, Context
from rlsd_pipeline.verifiers.kinds.clock import read_time
from rlsd_pipeline.verifiers.kinds.collection import read_list, read_set, read_tuple
from rlsd_pipeline.verifiers.kinds.date import read_date
from rlsd_pipeline.verifiers.kinds.equation import read_equation
from rlsd_pipeline.verifiers.kinds.expression import read_expression
from rlsd_pipeline.verifiers.kinds.interval import read_inequality, read_interval
from rlsd_pipeline.verifiers.kinds.matrix import read_matrix
from rlsd_pipeline.verifiers.kinds.number import read_number
from rlsd_pipeline.verifiers.kinds.percent import read_percent
from rlsd_pipeline.verifiers.kinds.positional import read_positional
from rlsd_pipeline.verifiers.kinds.quantity import read_quantity
from rlsd_pipeline.verifiers.kinds.ratio import read_ratio
from rlsd_pipeline.verifiers.kinds.vocabulary import HEDGES, adds_nothing, words_of
from rlsd_pipeline.verifiers.kinds.words import Text
from rlsd_pipeline.verifiers.markup import plain

LONGEST = 256
"""Characters of an answer that is read; a longer one is text."""

_READERS: tuple[Callable[[str, Context], Answer | None], ...] = (
    read_number,
    read_positional,
    read_matrix,
    read_percent,
    read_time,
    read_date,
    read_ratio,
    read_quantity,
    read_interval,
    read_inequality,
    read_set,
    read_tuple,
    read_list,
    read_equation,
    read_expression,
)
"""The kinds in order: the first one that understands the whole text decides."""

_ANNOUNCED = re.compile(
    r"(?:so|thus|hence|therefore)?,? ?(?:the |my )?(?:final |correct )?"
    r"(?:answer|ans|result|solution)(?: is|:| =)[: ]*|(?:正确)?答案(?:是|为)?[:： ]*",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(.{1,120}?) (?:is|are|was|were|equals|has|have|be)[: ]+(.+)"
    r"|there (?:is|are|were) (.+)",
    re.IGNORECASE,
)
_ENDING = re.compile(r"(.+?) is (?:the |my )?(?:final |correct )?(?:answer|result)", re.IGNORECASE)


def context_of(question: str, gold: str) -> Context:
    """The context in which a gold answer and the answers to its question are read."""
    return Context(question, words_of(question) | words_of(gold), _read)


def read(text: str, context: Context) -> Answer:
    """Read a text as an answer; text that no kind understands in full is `Text`."""
    if len(text) > 2 * LONGEST:
        return Text(text=text)
    text = plain(text)
    if len(text) > LONGEST or not text:
        return Text(text=text)
    found = _read(text, context)
    if found.understood:
        return found
    bare = _without_frame(text, context)
    return _read(bare, context) if bare != text else found


def _read(text: str, context: Context) -> Answer:
    for reader in _READERS:
        if (found := reader(text, context)) is not None:
            return found
    if hedge := HEDGES.match(text):
        return _read(text[hedge.end() :].strip(), context)
    return Text(text=text)


def _without_frame(text: str, context: Context) -> str:
    """A sentence without the words of the question."""
    if announced := _ANNOUNCED.match(text):
        return text[announced.end() :].strip()
    if ending := _ENDING.fullmatch(text):
        return ending[1]
    if (sentence := _SENTENCE.fullmatch(text)) is None:
        return text
    if sentence[3]:
        return sentence[3]
    return sentence[2] if adds_nothing(sentence[1], context.known) else text
