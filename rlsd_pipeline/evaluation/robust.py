"""The robust rule of every benchmark, which may also reward training."""

from dataclasses import dataclass

from rlsd_pipeline.evaluation.scored import Rule
from rlsd_pipeline.verifiers.extractions.final_answer import FinalAnswer
from rlsd_pipeline.verifiers.mixed import MixedVerifier
from schemas import Problem, Verdict


def robust_rule(*, float_rounding: int = 6) -> Rule:
    """The verifier `type: mixed` with the extraction `type: final_answer`, as a rule.

    Args:
        float_rounding: Decimal places on which two decimals must agree.
    """
    return _VerifierRule(MixedVerifier(extraction=FinalAnswer(), float_rounding=float_rounding))


@dataclass(frozen=True)
class _VerifierRule:
    verifier: MixedVerifier

    def extract(self, response: str, problem: Problem) -> str | None:
        return self.verifier.extraction.extract(response)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        return self.verifier.compare(answer, problem)
