"""Judging a response: read its answer, compare it, and never take a failure for a wrong answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rlsd_pipeline.config.verifier import (
    ExactVerifier,
    MathVerifier,
    MixedVerifier,
    MultipleChoiceVerifier,
    VerifierConfig,
)
from rlsd_pipeline.verifiers.exact import ExactComparison
from rlsd_pipeline.verifiers.extraction import Extraction, build_extraction
from rlsd_pipeline.verifiers.kinds.answer import Kind
from rlsd_pipeline.verifiers.math import MathComparison
from rlsd_pipeline.verifiers.mixed import MixedComparison
from rlsd_pipeline.verifiers.multiple_choice import MultipleChoiceComparison
from schemas.problem import Problem
from schemas.reward import Verdict

LONGEST_RESPONSE = 100_000
"""Characters; a response of 4,096 tokens has some 16,000."""


class Verification(NamedTuple):
    """The verdict on one response."""

    verdict: Verdict

    extracted: str | None
    """The answer that was read; None where there was none."""

    reason: str | None
    """Why there is no judgement; None for a correct or incorrect answer."""


class Verifier(Protocol):
    """Judges responses."""

    @property
    def extraction(self) -> Extraction:
        """Where the answer stands in a response."""

    def verify(self, completion: str, problem: Problem) -> Verification:
        """Judge one response; never raises, whatever the response holds."""

    def format_ok(self, completion: str) -> bool:
        """Whether a response keeps the format that the prompt asks for, right or wrong."""

    def kind(self, problem: Problem) -> Kind:
        """The kind of the gold answer, by which answers are compared with it."""

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling; None where none can be made."""


class Comparison(Protocol):
    """Decides whether two answers are the same."""

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """The verdict on an extracted answer, with a reason where it is not a judgement."""

    def kind(self, problem: Problem) -> Kind:
        """The kind of the gold answer."""

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling, which must be found equal; None without one."""


@dataclass(frozen=True)
class AnswerVerifier:
    """Extracts an answer and compares it with the gold one."""

    extraction: Extraction
    comparison: Comparison

    def verify(self, completion: str, problem: Problem) -> Verification:
        """Judge one response; a crash on the way is an outcome of its own."""
        if len(completion) > LONGEST_RESPONSE:
            too_long = f"longer than {LONGEST_RESPONSE:,} characters"
            return Verification(Verdict.UNPARSED, None, too_long)
        extracted = None
        try:
            extracted = self.extraction.extract(completion)
            if extracted is None:
                return Verification(Verdict.UNPARSED, None, "no answer in the expected format")
            verdict, reason = self.comparison.compare(extracted, problem)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return Verification(Verdict.VERIFIER_ERROR, extracted, reason)
        return Verification(verdict, extracted, reason)

    def format_ok(self, completion: str) -> bool:
        """Whether a response keeps to the extraction's convention in full."""
        return self.extraction.format_ok(completion)

    def kind(self, problem: Problem) -> Kind:
        """The kind of the gold answer, by which answers are compared with it."""
        return self.comparison.kind(problem)

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling; None where none can be made."""
        return self.comparison.another_form(problem)


def build(config: VerifierConfig) -> AnswerVerifier:
    """The verifier a configuration declares."""
    return AnswerVerifier(build_extraction(config.extraction), _build_comparison(config))


def check_gold(verifier: Verifier, problems: Iterable[Problem]) -> list[str]:
    """Ids of the problems whose gold answer is not found correct when a response gives it.

    It is given as it is, and in another form where one can be made: the first could be accepted
    letter by letter where no response written differently ever would be.
    """
    return [problem.problem_id for problem in problems if not _accepts_gold(verifier, problem)]


def _accepts_gold(verifier: Verifier, problem: Problem) -> bool:
    forms = (problem.answer, verifier.another_form(problem))
    return all(
        verifier.verify(verifier.extraction.render(form), problem).verdict is Verdict.CORRECT
        for form in forms
        if form is not None
    )


def _build_comparison(config: VerifierConfig) -> Comparison:
    match config:
        case ExactVerifier():
            return ExactComparison()
        case MultipleChoiceVerifier():
            return MultipleChoiceComparison()
        case MathVerifier():
            return MathComparison(config)
        case MixedVerifier():
            return MixedComparison(MathComparison(config))
