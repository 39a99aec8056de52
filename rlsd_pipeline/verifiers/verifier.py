"""The base class of verifiers: they read an answer and compare it; a failure is no wrong answer."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple, TypeAlias

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.components.guarded import guarded, raised_in
from rlsd_pipeline.verifiers.extractions import ExtractionConfig
from rlsd_pipeline.verifiers.extractions.answer_tag import AnswerTag
from rlsd_pipeline.verifiers.kinds.answer import Kind
from schemas.problem import Problem
from schemas.reward import Verdict

LONGEST_RESPONSE = 100_000
"""Characters; a response of 4,096 tokens has some 16,000."""

Outcome: TypeAlias = bool | tuple[Verdict, str | None]
"""Whether an answer is right; or a verdict, with a reason where it is not a judgement."""


class Verification(NamedTuple):
    """The verdict on one response."""

    verdict: Verdict

    extracted: str | None
    """The answer that was read; None where there was none."""

    reason: str | None
    """Why there is no judgement; None for a correct or incorrect answer."""


class Verifier(Component):
    """Judges responses, for the reward and for held-out benchmarks alike.

    A subclass defines `compare`, or `judge` if a response has no answer to read, such as a program
    that must run. An exception in either gives the verdict `verifier_error`.
    """

    component_kind = "verifier"
    at_least_one: ClassVar[tuple[str, ...]] = ("compare", "judge")

    extraction: ExtractionConfig = AnswerTag()
    """The convention that finds the answer in a response."""

    def compare(self, answer: str, problem: Problem) -> Outcome:
        """Whether an answer that was read from a response is right.

        Args:
            answer: Without blanks around it, not empty.
            problem: The question with its gold answer and its choices.

        Returns:
            True or False, or a verdict with its reason, such as `Verdict.UNPARSED` for a text that
            is no answer.
        """
        raise NotImplementedError

    def judge(self, completion: str, problem: Problem) -> Verification:
        """The verdict on a whole response: its answer is read, and compared."""
        extracted = self.extraction.extract(completion)
        if extracted is None:
            return Verification(Verdict.UNPARSED, None, "no answer in the expected format")
        try:
            verdict, reason = _read(self.compare(extracted, problem))
        except Exception as error:
            return Verification(Verdict.VERIFIER_ERROR, extracted, self._raised(error))
        return Verification(verdict, extracted, reason)

    def format_ok(self, completion: str) -> bool:
        """Whether a response has the format that the prompt requests, right or wrong."""
        return self.extraction.format_ok(completion)

    def kind(self, problem: Problem) -> Kind:
        """The kind of the gold answer, by which answers are compared with it."""
        return Kind.TEXT

    def another_form(self, problem: Problem) -> str | None:
        """The gold answer in another spelling, which the verifier must accept; None without one."""
        return None

    def gold_responses(self, problem: Problem) -> list[str]:
        """Responses that must be found correct before anything is sampled, if any.

        The gold answer as it is, and in another form: a verifier could accept the first letter by
        letter and refuse every other spelling.
        """
        forms = (problem.answer, self.another_form(problem))
        return [self.extraction.render(form) for form in forms if form is not None]

    def verify(self, completion: str, problem: Problem) -> Verification:
        """Judge one response; never raises: a crash is the verdict `verifier_error`."""
        if len(completion) > LONGEST_RESPONSE:
            too_long = f"longer than {LONGEST_RESPONSE:,} characters"
            return Verification(Verdict.UNPARSED, None, too_long)
        try:
            return Verification(*self.judge(completion, problem))
        except Exception as error:
            return Verification(Verdict.VERIFIER_ERROR, None, self._raised(error))

    def _raised(self, error: Exception) -> str:
        """The message of an exception; for a user's verifier, with the line."""
        origin = self.origin
        if origin is None:
            return f"{type(error).__name__}: {error}"
        return raised_in(error, f"verifier `{origin.name}`", origin.file)


def build(declared: Verifier) -> Verifier:
    """The verifier of a declaration; the declaration is the verifier."""
    return declared


def check_gold(verifier: Verifier, problems: Iterable[Problem]) -> list[str]:
    """Ids of the problems whose gold answer the verifier does not accept."""
    return [
        problem.problem_id
        for problem in problems
        if problem.has_answer and gold_failure(verifier, problem)
    ]


def gold_failure(verifier: Verifier, problem: Problem) -> Verification | None:
    """The verifier's verdict on a response with the gold answer; None if it accepts it."""
    with guarded(verifier, f"problem {problem.problem_id}"):
        responses = verifier.gold_responses(problem)
    for response in responses:
        verification = verifier.verify(response, problem)
        if verification.verdict is not Verdict.CORRECT:
            return verification
    return None


def _read(outcome: Outcome) -> tuple[Verdict, str | None]:
    match outcome:
        case bool():
            return (Verdict.CORRECT if outcome else Verdict.INCORRECT), None
        case (verdict, reason):
            return Verdict(verdict), reason
    raise TypeError(f"compare gave {outcome!r}: give True, False, or a verdict and its reason")
