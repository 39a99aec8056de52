"""The verifier `mixed`: by choice where a problem has choices, else by the answer's kind."""

from typing import Literal

from rlsd_pipeline.verifiers import multiple_choice
from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.math import Mathematics
from rlsd_pipeline.verifiers.multiple_choice import answered_choices, named_choices
from schemas.problem import Problem
from schemas.reward import Verdict

_MOST_CHOICES = 26


class MixedVerifier(Mathematics):
    """The same choice where a problem has choices; by the kind of the answer where it has none."""

    type: Literal["mixed"] = "mixed"

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare in the way that fits the problem: choices by letter, by text, and by value."""
        if not problem.choices:
            return super().compare(answer, problem)
        verdict, reason = multiple_choice.compare(answer, problem)
        if verdict is not Verdict.UNPARSED or answered_choices(answer, problem):
            return verdict, reason
        return self._by_value(answer, problem) or (verdict, reason)

    def _by_value(self, answer: str, problem: Problem) -> tuple[Verdict, str | None] | None:
        """The only choice that equals the answer as mathematics; None without one."""
        equal = []
        for choice in problem.choices[:_MOST_CHOICES]:
            verdict, _ = super().compare(answer, problem.model_copy(update={"answer": choice}))
            if verdict is Verdict.CORRECT:
                equal.append(choice)
        named = {each for choice in equal for each in named_choices(choice, problem.choices)}
        if len(named) != 1:
            return None
        gold = named_choices(problem.answer, problem.choices)
        return (Verdict.CORRECT if named == gold else Verdict.INCORRECT), None

    def kind(self, problem: Problem) -> Kind:
        """The kind of the gold answer."""
        return Kind.CHOICE if problem.choices else super().kind(problem)

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling, where one can be made."""
        if problem.choices:
            return multiple_choice.letter_form(problem)
        return super().another_form(problem)
