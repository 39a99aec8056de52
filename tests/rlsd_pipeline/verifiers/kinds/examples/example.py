"""A gold answer with right and with wrong answers to it."""

from collections.abc import Sequence
from typing import NamedTuple


class Example(NamedTuple):
    """Answers to one question.

    Attributes:
        gold: As a data set writes it.
        right: Answers that a careful examiner accepts.
        wrong: Answers that he does not, whether he could read them or not.
        question: Where the words of the question matter.
        choices: Of a multiple-choice question.
    """

    gold: str
    right: Sequence[str]
    wrong: Sequence[str]
    question: str = "What is it?"
    choices: Sequence[str] = ()
