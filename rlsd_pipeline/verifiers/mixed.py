"""Equality by choice where a problem has choices, by the kind of the answer where it has none."""

from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.math import MathComparison
from rlsd_pipeline.verifiers.multiple_choice import (
    MultipleChoiceComparison,
    answered_choices,
    named_choices,
)
from schemas.problem import Problem
from schemas.reward import Verdict

_MOST_CHOICES = 26


class MixedComparison:
    """Choices by letter, by text, and by value; open answers by their kind."""

    def __init__(self, as_mathematics: MathComparison) -> None:
        self._by_choice = MultipleChoiceComparison()
        self._as_mathematics = as_mathematics

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare in the way that fits the problem."""
        if not problem.choices:
            return self._as_mathematics.compare(answer, problem)
        verdict, reason = self._by_choice.compare(answer, problem)
        if verdict is not Verdict.UNPARSED or answered_choices(answer, problem):
            return verdict, reason
        return self._by_value(answer, problem) or (verdict, reason)

    def _by_value(self, answer: str, problem: Problem) -> tuple[Verdict, str | None] | None:
        """The choice that alone equals the answer as mathematics; None where there is none."""
        equal = []
        for choice in problem.choices[:_MOST_CHOICES]:
            verdict, _ = self._as_mathematics.compare(
                answer, problem.model_copy(update={"answer": choice})
            )
            if verdict is Verdict.CORRECT:
                equal.append(choice)
        named = {each for choice in equal for each in named_choices(choice, problem.choices)}
        if len(named) != 1:
            return None
        gold = named_choices(problem.answer, problem.choices)
        return (Verdict.CORRECT if named == gold else Verdict.INCORRECT), None

    def kind(self, problem: Problem) -> Kind:
        """The kind of the gold answer."""
        by = self._by_choice if problem.choices else self._as_mathematics
        return by.kind(problem)

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling, where one can be made."""
        by = self._by_choice if problem.choices else self._as_mathematics
        return by.another_form(problem)
