"""How well a policy answers a benchmark: one verdict per response, and their summary."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, FiniteFloat, model_validator

from schemas.record import Contract, NonEmpty, Record
from schemas.reward import Verdict

Count = Annotated[int, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class ItemVerdict(Record):
    """The verdict on one response to one question of a benchmark."""

    key: ClassVar[tuple[str, ...]] = ("problem_id", "sample_index")

    problem_id: NonEmpty
    """The question."""

    sample_index: Count
    """Which of the responses to it, from 0."""

    completion: str
    """The response as text."""

    extracted: str | None
    """The answer read from it; null where none could be."""

    verdict: Verdict
    """What the verifier found; the same verifier that gives the rewards."""

    attributes: dict[str, str]
    """Labels by which the score is broken down, such as the outcome of each step."""

    example: ClassVar[dict[str, Any]] = {
        "problem_id": "easy_vqa/test/4",
        "sample_index": 0,
        "completion": "<answer>circle",
        "extracted": "circle",
        "verdict": Verdict.CORRECT,
        "attributes": {"kind": "shape"},
    }


class BreakdownScore(Contract):
    """The score on the items that share one label."""

    n: Count
    """Number of questions."""

    score: Share
    """Mean share of correct responses."""

    interval_low: Share
    """Lower end of the interval."""

    interval_high: Share
    """Upper end of the interval."""

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        _check_order(self.interval_low, self.score, self.interval_high)
        return self


class BenchmarkScore(Record):
    """The score of one policy on one benchmark, with what it takes to doubt it.

    Responses the verifier failed on are left out of the score and counted on their own;
    unparsed and truncated responses count as wrong.
    """

    benchmark: NonEmpty
    """Name of the benchmark."""

    split: NonEmpty
    """The part of it that was asked."""

    policy: NonEmpty
    """Digest of the policy that answered."""

    updates: Count
    """Optimizer updates of that policy since its base model."""

    questions: Count
    """Number of questions asked."""

    samples: Annotated[int, Field(ge=1)]
    """Responses sampled per question."""

    temperature: Annotated[FiniteFloat, Field(ge=0)]
    """Sampling temperature; 0 is greedy."""

    score: Share
    """Mean over the questions of the share of correct responses."""

    interval_low: Share
    """Lower end of the interval around the score, over questions."""

    interval_high: Share
    """Upper end of it."""

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Coverage of the interval."""

    correct: Count
    """Responses judged correct."""

    unparsed: Count
    """Responses without a readable answer."""

    truncated: Count
    """Responses cut off by the token limit."""

    verifier_errors: Count
    """Responses the verifier failed on."""

    blind_baseline: Share | None
    """Accuracy of the most frequent answer to the same wording; null where it is not known."""

    breakdown: dict[str, BreakdownScore]
    """Scores by label, such as `kind=shape`."""

    example: ClassVar[dict[str, Any]] = {
        "benchmark": "easy_vqa",
        "split": "test",
        "policy": "5f2c8a0e9b1d4f67",
        "updates": 3,
        "questions": 100,
        "samples": 1,
        "temperature": 0.0,
        "score": 0.5,
        "interval_low": 0.4,
        "interval_high": 0.6,
        "correct": 50,
        "unparsed": 3,
        "truncated": 0,
        "verifier_errors": 0,
        "blind_baseline": 0.25,
        "breakdown": {
            "kind=shape": {"n": 40, "score": 0.5, "interval_low": 0.35, "interval_high": 0.65}
        },
    }

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        _check_order(self.interval_low, self.score, self.interval_high)
        return self


def _check_order(low: float, score: float, high: float) -> None:
    if not low <= score <= high:
        raise ValueError(f"the score {score} lies outside its interval [{low}, {high}]")
