"""Reads numbers exactly, in the notations that models use."""

import re
from fractions import Fraction

from rlsd_pipeline.verifiers.kinds.number import number_in
from rlsd_pipeline.verifiers.kinds.vocabulary import MEANING, NUMBER_WORDS, words, words_of
from rlsd_pipeline.verifiers.markup import plain

_LONGEST_NUMBER = 256
"""Characters; reading longer ones takes more than linear time."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"(?<![\w.,/^])[+-]?(?:\d+(?:,\d{3})+|\d+)(?:\.\d+|/\d+)?(?![\w/^]|[.,]\d)")
_FEWEST_WORDS = 3
_DIGIT_RUN = re.compile(r"\d[\d.,/]*")
_CHANGES_VALUE = re.compile(
    r"\b(?:pi|sqrt|log|ln|sin|cos|tan|nor|cannot|isn|wasn|aren|weren|hasn|haven|won|don|doesn|can"
    r"|couldn|shouldn|wouldn)\b|[\\π√^%=*~<>≈]",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"(?:is|are|was|were|be|equals?|has|have|had|of|contains?|shows?|see|sees|costs?|measures?|to)"
    r"[: ]+(?:a |an |the |about |approximately |around |exactly |only |total of )*\$?$",
    re.IGNORECASE,
)
_DENIALS = frozenset(
    words(
        "not no never none nothing neither nor cannot without except but instead rather unlike "
        "wrong incorrect false if unless or either any another other"
    )
)

_FACTORS = NUMBER_WORDS | frozenset(words("squared cubed percent times plus minus point"))


def plain_number(text: str) -> Fraction | None:
    """The value of a plain decimal or ratio, with or without commas between thousands."""
    if len(text) > _LONGEST_NUMBER:
        return None
    return number_in(plain(text))


def only_number(text: str, question: str) -> Fraction | None:
    """The number of a sentence that holds no other one, such as "There are 4 of them".

    None for text that is no sentence, and where a word or sign makes another value of the number.
    A word such as "sum" or "more" may stand where it repeats the question: before a verb that
    states the number ("the sum of both is 4"), or behind the number ("4 more dots").
    """
    if len(text) > _LONGEST_NUMBER or not _WORD.search(text) or _CHANGES_VALUE.search(text):
        return None
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1 or len(_DIGIT_RUN.findall(text)) != 1:
        return None
    before, after = text[: numbers[0].start()], text[numbers[0].end() :]
    repeated = words_of(question) - _DENIALS
    if (words_of(after) & MEANING) - (repeated - _FACTORS):
        return None
    changing = words_of(before) & MEANING
    if changing and (changing - repeated or not _STATES.search(before)):
        return None
    return plain_number(numbers[0][0])


def is_sentence(text: str) -> bool:
    """Whether a text is words: algebra would read them as products of variables."""
    return len(_WORD.findall(text)) >= _FEWEST_WORDS and "\\" not in text
