"""The score of a policy on a benchmark, with its interval and breakdown."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, FiniteFloat, model_validator

from schemas.benchmark_response import Count, Share
from schemas.interval import Interval
from schemas.record import Contract, NonEmpty, Record


class JudgeScore(Contract):
    """The score with a judge's readings, beside the rule's score."""

    model: NonEmpty
    """Name of the judge."""

    score: Share
    """Score with the answers that the judge read."""

    judged: Count
    """Number of responses whose answer the judge read."""

    failed: Count
    """Number of responses on which the judge failed or timed out; the rule's verdict counts."""


class BreakdownScore(Contract):
    """The score on the questions with one label."""

    n: Count
    """Number of questions."""

    score: Share
    """Mean share of correct responses."""

    interval_low: Share
    """Lower end of the interval."""

    interval_high: Share
    """Upper end of the interval."""

    @property
    def interval(self) -> Interval:
        """The score with its interval."""
        return Interval(value=self.score, low=self.interval_low, high=self.interval_high)

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        _check_order(self.interval_low, self.score, self.interval_high)
        return self


class BenchmarkScore(Record):
    """The score of one policy on one benchmark, with its interval and counts.

    Responses on which the verifier failed are left out of the score and counted separately;
    unparsed and truncated responses count as wrong.
    """

    schema_version: ClassVar[int] = 3
    oldest_readable: ClassVar[int | None] = 2

    benchmark: NonEmpty
    """Name of the benchmark."""

    split: NonEmpty
    """The split that was evaluated."""

    mode: NonEmpty
    """The rule of the verdicts: the experiment's `verifier`, or the benchmark's `official` or
    `robust` rule."""

    policy: NonEmpty
    """Digest of the policy that answered."""

    updates: Count
    """Optimizer updates of that policy since its base model."""

    questions: Count
    """Number of questions."""

    samples: Annotated[int, Field(ge=1)]
    """Responses sampled per question."""

    temperature: Annotated[FiniteFloat, Field(ge=0)]
    """Sampling temperature; 0 is greedy."""

    score: Share
    """Mean over the questions of the share of correct responses, or the benchmark's own score."""

    interval_low: Share
    """Lower end of the interval around the score, over questions."""

    interval_high: Share
    """Upper end of the interval."""

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence of the interval."""

    correct: Count
    """Number of correct responses."""

    unparsed: Count
    """Number of responses without a readable answer."""

    truncated: Count
    """Number of responses that the token limit cut off."""

    verifier_errors: Count
    """Number of responses on which the verifier failed."""

    guessed: Count
    """Number of responses whose answer the official rule guessed; they count in the score."""

    clusters: Count
    """Number of independent units behind the interval."""

    detectable: Annotated[FiniteFloat, Field(ge=0)] | None
    """Smallest true difference to another policy that a paired comparison on these questions shows
    with probability 0.8, if the two correlate at 0.5; null if all questions have the same score."""

    pass_at: dict[str, Share]
    """`avg@k`, `pass@k` and `pass^k` over k sampled responses; empty for a single response."""

    judge: JudgeScore | None
    """The score with a judge beside it; null without one."""

    blind_baseline: Share | None
    """Accuracy of the most frequent answer to the same wording; null if unknown."""

    breakdown: dict[str, BreakdownScore]
    """Scores by label, such as `kind=shape`."""

    mentioning: Count | None = None
    """Number of responses that mention a reference though the student saw none; null in documents
    of version 2."""

    example: ClassVar[dict[str, Any]] = {
        "benchmark": "easy_vqa",
        "split": "test",
        "mode": "verifier",
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
        "guessed": 0,
        "clusters": 100,
        "detectable": 0.14,
        "pass_at": {},
        "judge": None,
        "blind_baseline": 0.25,
        "breakdown": {
            "kind=shape": {"n": 40, "score": 0.5, "interval_low": 0.35, "interval_high": 0.65}
        },
        "mentioning": 1,
    }

    @property
    def interval(self) -> Interval:
        """The score with its interval."""
        return Interval(value=self.score, low=self.interval_low, high=self.interval_high)

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        _check_order(self.interval_low, self.score, self.interval_high)
        return self


def _check_order(low: float, score: float, high: float) -> None:
    if not low <= score <= high:
        raise ValueError(f"the score {score} lies outside its interval [{low}, {high}]")
