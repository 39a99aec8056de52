"""The records between responses, verdicts and a benchmark's score."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from schemas import BreakdownScore, Interval, Problem, Verdict

Mode = Literal["official", "robust"]
"""`official` scores as the benchmark's authors do; `robust` never guesses and never lets chance
or a formatting habit decide."""

CLUSTER = "cluster"
"""Attribute of a problem that names what it is not independent of."""


class Rule(Protocol):
    """Reads the answer of a response and compares it with the gold one.

    Both are pure: the same response gives the same outcome in any thread, process or order.
    """

    def extract(self, response: str, problem: Problem) -> str | None:
        """The answer; None where the rule finds none."""

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """The verdict on an extracted answer, with a reason if it is not a judgement."""


class Scored(NamedTuple):
    """One response with its verdict.

    Attributes:
        problem: The question.
        sample_index: Index of the response to the question, from 0.
        response: The response; empty where only an extraction was given.
        extracted: The answer read from it.
        verdict: What the rule says; a guess of the official rule is right or wrong as well.
        guessed: Whether the official rule drew the answer by chance.
        reason: Why there is no judgement.
    """

    problem: Problem
    sample_index: int
    response: str
    extracted: str | None
    verdict: Verdict
    guessed: bool = False
    reason: str | None = None


class Summary(NamedTuple):
    """The score of a benchmark from its verdicts.

    Attributes:
        score: The benchmark's own score in [0, 1] with its interval.
        breakdown: Label, such as `subject=algebra` -> its part; the authors' own breakdown.
        question_scores: Cluster or question id -> its contribution; their mean is the score, so
            two policies are compared pair by pair on them.
    """

    score: Interval
    breakdown: Mapping[str, BreakdownScore]
    question_scores: Mapping[str, float]
