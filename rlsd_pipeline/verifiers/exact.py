"""Equality of words."""

from schemas.problem import Problem
from schemas.reward import Verdict


class ExactComparison:
    """An answer is right when it has the same words as the gold one."""

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Compare up to case, blanks and one final period."""
        same = normalise(answer) == normalise(problem.answer)
        return (Verdict.CORRECT if same else Verdict.INCORRECT), None


def normalise(text: str) -> str:
    """Case, blanks and one final period carry no meaning."""
    return " ".join(text.casefold().split()).removesuffix(".").rstrip()
