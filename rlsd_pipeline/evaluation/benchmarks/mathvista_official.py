"""MathVista as its authors score it (evaluation/extract_answer.py and calculate_score.py).

An answer that is no choice counts as the nearest choice, so garbage and an empty answer can be
right.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from schemas import Problem, Verdict

_LETTER = re.compile(r"\(([a-zA-Z])\)")
_ANSWER = 'The answer is "'
_ANSWER_END = '".'


def head_integer(text: str) -> str:
    """The rule at the repository's head, which cuts a fraction off: 5.9 becomes 5."""
    return str(int(float(text)))


def published_integer(text: str) -> str:
    """The rule that made the published scores, for which 5.0 is no integer."""
    return str(int(text))


@dataclass(frozen=True)
class MathVistaOfficial:
    """The official rule.

    Attributes:
        integer: Writes an extraction as an integer; ValueError or OverflowError where it is none.
    """

    integer: Callable[[str], str]

    def extract(self, response: str, problem: Problem) -> str | None:
        """The answer by the official short-cuts; None where the authors ask a language model."""
        if not response or response in problem.choices:
            return response
        match problem.attributes["answer_type"]:
            case "integer":
                number = _attempt(published_integer, response)
            case "float":
                number = _attempt(lambda text: str(float(text)), response)
            case _:
                number = None
        return _quoted_answer(response) if number is None else number

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare by the text that the extraction is normalised to."""
        prediction = self.normalise(answer, problem)
        if prediction is None:
            return Verdict.UNPARSED, f"the answer is no {problem.attributes['answer_type']}"
        return (Verdict.CORRECT if prediction == problem.answer else Verdict.INCORRECT), None

    def normalise(self, answer: str, problem: Problem) -> str | None:
        """The extraction in the form of the gold answers; None where it has none."""
        if problem.choices:
            return choose(answer, problem.choices)
        match problem.attributes["answer_type"]:
            case "integer":
                return _attempt(self.integer, answer)
            case "float":
                places = int(problem.attributes["precision"])
                return _attempt(lambda text: str(round(float(text), places)), answer)
            case _:
                return answer


def choose(answer: str, choices: Sequence[str]) -> str:
    """The choice that an extraction names by its letter, or else is fewest edits away from.

    The first letter in brackets counts, and the first of several nearest choices.
    """
    answer = answer.strip()
    if match := _LETTER.search(answer):
        answer = match[1].upper()
    if len(answer) == 1 and 0 <= (index := ord(answer) - ord("A")) < len(choices):
        return choices[index]
    return min(choices, key=lambda choice: Levenshtein.distance(answer, choice))


def _quoted_answer(response: str) -> str | None:
    r"""What `The answer is "(.*)"\.` finds first, in time linear in the response."""
    for line in response.split("\n"):
        start = line.find(_ANSWER)
        end = line.rfind(_ANSWER_END, start + len(_ANSWER))
        if 0 <= start < end:
            return line[start + len(_ANSWER) : end]
    return None


def _attempt(write: Callable[[str], str], text: str) -> str | None:
    try:
        return write(text)
    except (ValueError, OverflowError):
        return None
