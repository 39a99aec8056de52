"""A verifier that forgives spelling."""

from difflib import SequenceMatcher
from typing import Annotated

from pydantic import Field

from rlsd_pipeline.verifiers.verifier import Verifier
from schemas import Problem


class Similar(Verifier):
    """Right when an answer is spelt nearly as the gold one is."""

    at_least: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of letters that the two have in common, in order."""

    def compare(self, answer: str, problem: Problem) -> bool:
        """By the ratio of matching letters."""
        matcher = SequenceMatcher(None, answer.lower(), problem.answer.lower())
        return matcher.ratio() >= self.at_least
