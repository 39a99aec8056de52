"""MathVista by the robust rule: no nearest choice, and 5.5 is not truncated to 5."""

import re
import string
from fractions import Fraction

from rlsd_pipeline.evaluation.benchmarks.plain_number import is_sentence, only_number, plain_number
from rlsd_pipeline.evaluation.robust import robust_rule
from rlsd_pipeline.verifiers.exact import normalise
from rlsd_pipeline.verifiers.markup import plain
from rlsd_pipeline.verifiers.multiple_choice import named_choices
from schemas import Problem, Verdict

_LONGEST_LIST = 1000
"""Characters; the longest gold list has 36."""

_LETTER = re.compile(r"\([A-Z]\)")
_BRACKETS = re.compile(r"\\[\[\](){}]|[\[\](){}]")
_BETWEEN = re.compile(r",|，|、|;|\band\b")


class MathVistaRobust:
    """The final answer in any usual convention, compared as the question asks for it."""

    def __init__(self) -> None:
        self._exact = robust_rule()
        self._rounded = {places: robust_rule(float_rounding=places) for places in (1, 2)}

    def extract(self, response: str, problem: Problem) -> str | None:
        """The final answer."""
        return self._exact.extract(response, problem)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare by choice, as an integer, rounded to the places asked for, or element by element.

        The unit that the question names may follow a number.
        """
        if problem.choices:
            return self._exact.compare(_letter_first(answer, problem), _unambiguous(problem))
        match problem.attributes["answer_type"]:
            case "list":
                if len(answer) > _LONGEST_LIST:
                    return Verdict.UNPARSED, f"longer than {_LONGEST_LIST} characters"
                return _verdict(_elements(answer) == _elements(problem.answer)), None
            case "float":
                places = int(problem.attributes["precision"])
                tolerance, rule = Fraction(1, 2 * 10**places), self._rounded[places]
            case _:
                tolerance, rule = Fraction(0), self._exact
        answer = _without_unit(answer, problem.attributes.get("unit", ""))
        found = plain_number(answer)
        if found is None and (found := only_number(answer, problem.question)) is None:
            if is_sentence(answer):
                return Verdict.UNPARSED, "a sentence in which not one number stands"
            return rule.compare(answer, problem)
        return _verdict(abs(found - Fraction(problem.answer)) <= tolerance), None


def _verdict(same: bool) -> Verdict:
    return Verdict.CORRECT if same else Verdict.INCORRECT


def _unambiguous(problem: Problem) -> Problem:
    """The problem with its gold choice written so that it names no other one as well.

    A choice's text may look like the letter of another: choices "C", "A", "B", or "(b)", "(a)".
    """
    gold = problem.choices.index(problem.answer)
    letter = string.ascii_uppercase[gold]
    for written in (f"({letter})", letter):
        if named_choices(written, problem.choices) == {gold}:
            return problem.model_copy(update={"answer": written})
    return problem


def _letter_first(answer: str, problem: Problem) -> str:
    """Let "(E)" be the letter where the choices are "(c)", "(e)" and so on: the case tells."""
    answer = answer.strip()
    texts = {choice.casefold() for choice in problem.choices}
    looks_alike = answer.casefold() in texts and answer not in problem.choices
    return answer.strip("()") if looks_alike and _LETTER.fullmatch(answer) else answer


def _elements(text: str) -> list[Fraction | str]:
    elements = (normalise(each) for each in _BETWEEN.split(_BRACKETS.sub(" ", plain(text))))
    return [each if (value := plain_number(each)) is None else value for each in elements if each]


def _without_unit(answer: str, unit: str) -> str:
    answer = answer.strip().removesuffix(".")
    if unit and answer.casefold().endswith(unit.casefold()):
        return answer[: -len(unit)].strip()
    return answer
