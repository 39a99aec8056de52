"""The verifier `exact`: equality of words."""

from typing import Literal

from rlsd_pipeline.verifiers.characters import normalised
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas.problem import Problem


class ExactVerifier(Verifier):
    """The same words, regardless of case, blanks and a final period."""

    type: Literal["exact"] = "exact"

    def compare(self, answer: str, problem: Problem) -> bool:
        """Compare up to case, blanks and one final period."""
        return normalise(answer) == normalise(problem.answer)


def normalise(text: str) -> str:
    """Case, blanks, one final period and the spelling of a character carry no meaning."""
    return " ".join(normalised(text).casefold().split()).removesuffix(".").rstrip()
