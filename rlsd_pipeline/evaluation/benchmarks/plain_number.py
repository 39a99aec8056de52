"""Numbers in the ways in which models write them, read exactly."""

import re
from fractions import Fraction

from rlsd_pipeline.verifiers.kinds.number import number_in
from rlsd_pipeline.verifiers.markup import plain

_LONGEST_NUMBER = 256
"""Characters; reading longer ones takes more than linear time."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"(?<![\w.,/^])[+-]?(?:\d+(?:,\d{3})+|\d+)(?:\.\d+|/\d+)?(?![\w/^]|[.,]\d)")
_FEWEST_WORDS = 3
_DIGIT_RUN = re.compile(r"\d[\d.,/]*")
_CHANGES_VALUE = re.compile(
    r"\b(?:pi|sqrt|root|log|ln|sin|cos|tan|minus|negative|times|over|half|squared|cubed|not"
    r"|dozen|hundred|thousand|million|billion)\b|[\\π√^%=*]",
    re.IGNORECASE,
)


def plain_number(text: str) -> Fraction | None:
    """The value of a plain decimal or ratio, with or without commas between thousands."""
    if len(text) > _LONGEST_NUMBER:
        return None
    return number_in(plain(text))


def only_number(text: str) -> Fraction | None:
    """The number of a sentence that holds no other one, such as "There are 4 of them".

    None for text that is no sentence, and where a word or sign makes another value of the number.
    """
    if len(text) > _LONGEST_NUMBER or not _WORD.search(text) or _CHANGES_VALUE.search(text):
        return None
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1 or len(_DIGIT_RUN.findall(text)) != 1:
        return None
    return plain_number(numbers[0])


def is_sentence(text: str) -> bool:
    """Whether a text is words and not mathematics, to a comparison of which they are products."""
    return len(_WORD.findall(text)) >= _FEWEST_WORDS and "\\" not in text
