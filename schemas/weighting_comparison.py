"""The credit of all methods on the same rollouts, compared token by token."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.interval import Interval
from schemas.record import AlignedWith, Contract, NonEmpty, Record, TokenId, TokenWeight

Share = Annotated[float, Field(ge=0, le=1)]

WITHIN = "within"
"""Name of the part that has every token, once each response's mean is taken away."""

QUARTERS = tuple(f"quarter {n}" for n in range(1, 5))
"""Names of the parts that are the quarters of a response's tokens."""


class MethodCredit(Contract):
    """The credit of one method on the tokens.

    The credit of a token is Â_t, plus the distillation weight times Δ_t, plus the likelihood's
    weight. Its size and sign say how strongly the method raises or lowers the token's probability.
    """

    method: NonEmpty
    """Name of the method."""

    weighting: dict[str, Any]
    """Settings of the method, with resolved schedules."""

    quantiles: dict[str, FiniteFloat]
    """Quantiles of the credit over all tokens: p05, p25, p50, p75, p95."""

    magnitude: Annotated[FiniteFloat, Field(ge=0)]
    """Mean of the absolute credit over all tokens."""

    credited: Share
    """Share of the tokens whose credit is not 0."""

    segments: dict[str, Interval]
    """Shares of the absolute credit on `reasoning`, `answer` and `format` tokens; empty without
    credit."""

    sign_agreement: Interval | None
    """Share of the signal tokens whose credit has the sign of their response's advantage; null
    without signal tokens."""

    cut: Share | None
    """Share of the signal tokens whose weight was clipped; null for methods without a bound."""

    selected: Share | None = None
    """Share of the tokens that a threshold on a small difference selects; null without a
    threshold."""

    selected_by_rounding: Share | None = None
    """Tokens selected by rounding alone, over selected tokens; null if the size of rounding is
    unknown."""


class FidelityDifference(Contract):
    """A method's fidelity on a part of the responses, minus that of the compared method.

    The compared method's fidelity counts as 0 if its credit is 0 everywhere, as GRPO's is within
    responses.
    """

    difference: Interval
    """Difference of the fidelities, paired over problems."""

    p_value: Share | None
    """Two-sided p-value of no difference, not corrected; null if the data give no bound."""

    p_corrected: Share | None
    """The p-value after Holm's correction over the methods."""


class MethodFidelity(Contract):
    """The fidelity of one method's credit.

    Fidelity is the cosine of the credit with the true advantages. 1 is perfect, and scaling a
    credit does not change it. The estimate may exceed 1 if the advantages are known poorly.
    """

    method: NonEmpty
    """Name of the method."""

    value: Interval | None
    """Fidelity over all tokens; null if the credit is 0 everywhere or the advantages are
    unknown."""

    difference: Interval | None
    """Paired difference to the compared method; null for that method."""

    p_value: Share | None
    """Two-sided p-value of no difference, not corrected."""

    p_corrected: Share | None
    """The p-value after Holm's correction over the methods."""

    within: Interval | None
    """Fidelity after the mean over each response is subtracted from credit and advantages."""

    segments: dict[str, Interval | None]
    """Fidelity on `reasoning`, `answer` and `format` tokens alone."""

    positions: list[Interval | None]
    """Fidelity on each quarter of the responses, from their beginning."""

    differences: dict[str, FidelityDifference] = Field(default={})
    """Name of a part, as in `parts` -> difference on it; empty for the compared method."""

    def parts(self) -> dict[str, Interval | None]:
        """Within responses, name of a segment or a quarter -> fidelity there."""
        quarters = dict(zip(QUARTERS, self.positions, strict=True))
        return {WITHIN: self.within} | self.segments | quarters


class CreditFidelity(Contract):
    """The fidelity of all methods on the same tokens."""

    spans: Annotated[int, Field(ge=0)]
    """Number of tokens, or of spans between valued states, with a measured advantage."""

    states: Annotated[int, Field(ge=0)]
    """Number of distinct valued states."""

    continuations: Annotated[int, Field(ge=2)]
    """Continuations of each state, in two halves."""

    reliability: FiniteFloat | None
    """Cosine of the two halves' advantages: the signal share of one half."""

    reliability_within: FiniteFloat | None
    """Reliability after each response's mean is subtracted."""

    compared_with: NonEmpty
    """The compared method, from which the differences are taken."""

    methods: list[MethodFidelity]
    """One entry for each method, in the order of the comparison."""


class WeightingComparison(Record):
    """The summary of a comparison; a table beside it holds the credit of every token.

    Signal tokens are the tokens of responses whose advantage is not 0, by each method's estimator.
    """

    schema_version: ClassVar[int] = 4
    oldest_readable: ClassVar[int | None] = 1

    rollouts: Annotated[int, Field(ge=0)]
    """Number of compared responses."""

    tokens: Annotated[int, Field(ge=0)]
    """Number of their tokens."""

    signal_tokens: Annotated[int, Field(ge=0)]
    """Number of tokens of responses whose standardised advantage is not 0."""

    policy: NonEmpty
    """Digest of the policy that sampled the responses."""

    teacher: NonEmpty | None
    """Digest of the policy that scored them in the privileged context; null without a teacher."""

    privileged: NonEmpty | None
    """The teacher's privileged context."""

    token_shares: dict[str, Share]
    """Shares of the `reasoning`, `answer` and `format` tokens."""

    methods: list[MethodCredit]
    """One entry for each method."""

    rank_correlation: list[list[FiniteFloat | None]]
    """Spearman's rank correlation between the credits of two methods over all tokens; null if one
    is constant."""

    rank_correlation_within: list[list[FiniteFloat | None]]
    """The rank correlation after each response's mean credit is subtracted."""

    left_out: dict[str, str]
    """Method -> the reason why it could not be computed from these tables."""

    fidelity: CreditFidelity | None = None
    """Credit fidelity; null if no token values were measured for these rollouts."""

    example: ClassVar[dict[str, Any]] = {
        "rollouts": 8,
        "tokens": 240,
        "signal_tokens": 240,
        "policy": "5f2c8a0e9b1d4f67",
        "teacher": None,
        "privileged": None,
        "token_shares": {"reasoning": 0.75, "answer": 0.05, "format": 0.2},
        "methods": [
            {
                "method": "grpo",
                "weighting": {"type": "grpo", "advantages": "standardised"},
                "quantiles": {"p05": -0.75, "p25": -0.75, "p50": 0.75, "p75": 0.75, "p95": 0.75},
                "magnitude": 0.75,
                "credited": 1.0,
                "segments": {"reasoning": {"value": 0.75, "low": 0.7, "high": 0.8}},
                "sign_agreement": {"value": 1.0, "low": 1.0, "high": 1.0},
                "cut": None,
            }
        ],
        "rank_correlation": [[1.0]],
        "rank_correlation_within": [[None]],
        "left_out": {"rlsd": "no teacher scored these rollouts"},
    }


class ComparedCredit(Record):
    """The credit of one method on the tokens of one rollout."""

    key: ClassVar[tuple[str, ...]] = ("method", "rollout_id")

    method: NonEmpty
    """Name of the method."""

    rollout_id: NonEmpty
    """The rollout."""

    completion_ids: list[TokenId]
    """The rollout's tokens. [tokens]"""

    credit: Annotated[list[TokenWeight], AlignedWith("completion_ids")]
    """The credit of each token. [tokens]"""

    example: ClassVar[dict[str, Any]] = {
        "method": "rlsd",
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3, 2],
        "credit": [0.75, 0.875, 0.75],
    }
