"""The rule by which every benchmark is scored robustly: the one that may reward training."""

from dataclasses import dataclass

from rlsd_pipeline.config.verifier import FinalAnswerExtraction, MixedVerifier
from rlsd_pipeline.evaluation.benchmark import Rule
from rlsd_pipeline.verifiers.verifier import AnswerVerifier, build
from schemas import Problem, Verdict


def robust_rule(*, float_rounding: int = 6) -> Rule:
    """The verifier `type: mixed` with the extraction `type: final_answer`, as a rule.

    Args:
        float_rounding: Decimal places on which two decimals must agree.
    """
    config = MixedVerifier(extraction=FinalAnswerExtraction(), float_rounding=float_rounding)
    return _VerifierRule(build(config))


@dataclass(frozen=True)
class _VerifierRule:
    verifier: AnswerVerifier

    def extract(self, response: str, problem: Problem) -> str | None:
        return self.verifier.extraction.extract(response)

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        return self.verifier.comparison.compare(answer, problem)
