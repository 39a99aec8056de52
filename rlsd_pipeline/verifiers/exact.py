"""Equality of words."""

from rlsd_pipeline.verifiers.characters import normalised
from rlsd_pipeline.verifiers.kinds.answer import Kind
from schemas.problem import Problem
from schemas.reward import Verdict


class ExactComparison:
    """An answer is right when it has the same words as the gold one."""

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare up to case, blanks and one final period."""
        same = normalise(answer) == normalise(problem.answer)
        return (Verdict.CORRECT if same else Verdict.INCORRECT), None

    def kind(self, problem: Problem) -> Kind:
        """Words are compared as words, whatever they say."""
        return Kind.TEXT

    def another_form(self, problem: Problem) -> str | None:
        """Words have one form."""
        return None


def normalise(text: str) -> str:
    """Case, blanks, one final period and the spelling of a character carry no meaning."""
    return " ".join(normalised(text).casefold().split()).removesuffix(".").rstrip()
