"""The newest scores of all methods in one table, and the scores after one update by each."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.interval import Interval, ScoreDifference
from schemas.record import Contract, NonEmpty, Record

Count = Annotated[int, Field(ge=0)]


class MethodResult(Contract):
    """One method, or the base, on one benchmark."""

    benchmark: NonEmpty
    """Name of the benchmark."""

    method: NonEmpty
    """Name of the method; `base` for the policies before training."""

    weighting: NonEmpty
    """Type of the weighting, or `base`."""

    updates: Count
    """Updates of the compared policies."""

    seeds: list[Count]
    """Seeds of the method's trainings."""

    score: Interval
    """Accuracy, with an interval over seeds, or over questions for a single seed."""

    gain: ScoreDifference | None
    """Difference to the base; null for the base itself."""

    difference: ScoreDifference | None
    """Difference to the method that all are compared with; null for that method."""

    mentions: Interval
    """Share of the responses that mention a reference though the student saw none."""

    steps: dict[str, FiniteFloat]
    """Name of a reasoning step -> mean share in which it is right."""

    unparsed: Count
    """Number of finished responses without a readable answer."""

    truncated: Count
    """Number of responses that the token limit cut off."""

    blind: FiniteFloat | None
    """Accuracy without the image; null if there is no such baseline."""

    mode: NonEmpty
    """The rule of the verdicts: the experiment's `verifier`, or an `official` or `robust` rule."""

    detectable: FiniteFloat | None
    """Smallest true difference that a comparison of two such policies shows with probability
    0.8."""

    judged: FiniteFloat | None
    """The score with the answers that a judge read; null without a judge."""


_DIFFERENCE = {
    "value": 0.125,
    "low": 0.0625,
    "high": 0.1875,
    "p_value": 0.0078125,
    "p_corrected": 0.015625,
    "test": "paired t",
}


class Results(Record):
    """The newest score of every method over its seeds; one document an experiment."""

    compared_with: NonEmpty
    """The method that the others are compared with."""

    confidence: Annotated[float, Field(gt=0, lt=1)]
    """Confidence of the intervals."""

    lines: list[MethodResult]
    """The results, benchmark after benchmark, each with the base first."""

    example: ClassVar[dict[str, Any]] = {
        "compared_with": "grpo",
        "confidence": 0.95,
        "lines": [
            {
                "benchmark": "greedy",
                "method": "rlsd",
                "weighting": "rlsd",
                "updates": 200,
                "seeds": [0, 1],
                "score": {"value": 0.75, "low": 0.6875, "high": 0.8125},
                "gain": _DIFFERENCE,
                "difference": None,
                "mentions": {"value": 0.0, "low": 0.0, "high": 0.03125},
                "steps": {"perceive": 0.875},
                "unparsed": 3,
                "truncated": 1,
                "blind": 0.5,
                "mode": "verifier",
                "detectable": 0.0625,
                "judged": None,
            }
        ],
    }


class MethodLookahead(Contract):
    """The score of one method after one update."""

    method: NonEmpty
    """Its name."""

    score: Interval
    """Accuracy over questions."""

    gain: ScoreDifference | None
    """Difference to the policy before the update; its p-value is not corrected."""

    difference: ScoreDifference | None
    """Difference to the method that all are compared with; null for that method."""


class Lookahead(Record):
    """The scores after one update by every method from the same policy and rollouts."""

    policy: NonEmpty
    """Digest of the policy before the update."""

    benchmark: NonEmpty
    """The benchmark of the scores."""

    compared_with: NonEmpty
    """The method that the others are compared with."""

    methods: list[MethodLookahead]
    """One entry for each method."""

    example: ClassVar[dict[str, Any]] = {
        "policy": "5f2c8a0e9b1d4f67",
        "benchmark": "greedy",
        "compared_with": "grpo",
        "methods": [
            {
                "method": "rlsd",
                "score": {"value": 0.75, "low": 0.6875, "high": 0.8125},
                "gain": _DIFFERENCE | {"p_corrected": None},
                "difference": _DIFFERENCE,
            }
        ],
    }
