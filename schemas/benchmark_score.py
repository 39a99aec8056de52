"""The score of a policy on a benchmark, with its interval and breakdown."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, FiniteFloat, model_validator

from schemas.benchmark_response import Count, Share
from schemas.record import Contract, NonEmpty, Record


class JudgeScore(Contract):
    """What reading answers with a judge changes; the score itself is the rule's."""

    model: NonEmpty
    """The judge."""

    score: Share
    """The score with the answers that the judge read."""

    judged: Count
    """Responses whose answer the judge read."""

    failed: Count
    """Responses on which the judge failed or timed out; the rule's verdict stands."""


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

    schema_version: ClassVar[int] = 3
    oldest_readable: ClassVar[int | None] = 2

    benchmark: NonEmpty
    """Name of the benchmark."""

    split: NonEmpty
    """The part of it that was asked."""

    mode: NonEmpty
    """Who decides: the experiment's `verifier`, or the benchmark's `official` or `robust` rule."""

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
    """Mean over the questions of the share of correct responses, or the benchmark's own score."""

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

    guessed: Count
    """Responses that the official rule answered by chance; right or wrong, they are counted."""

    clusters: Count
    """Independent units behind the interval."""

    detectable: Annotated[FiniteFloat, Field(ge=0)] | None
    """Smallest true difference to another policy that a paired comparison on these questions would
    show with probability 0.8, the two correlating at 0.5; null where all questions score alike."""

    pass_at: dict[str, Share]
    """`avg@k`, `pass@k` and `pass^k` over k sampled responses; empty for a single one."""

    judge: JudgeScore | None
    """The score with a judge beside it; null without one."""

    blind_baseline: Share | None
    """Accuracy of the most frequent answer to the same wording; null where it is not known."""

    breakdown: dict[str, BreakdownScore]
    """Scores by label, such as `kind=shape`."""

    mentioning: Count | None = None
    """Responses that mention a reference nobody showed them; null in documents of version 2."""

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

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        _check_order(self.interval_low, self.score, self.interval_high)
        return self


def _check_order(low: float, score: float, high: float) -> None:
    if not low <= score <= high:
        raise ValueError(f"the score {score} lies outside its interval [{low}, {high}]")
