"""The credit of all methods on the same rollouts, compared token by token."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, FiniteFloat

from schemas.record import AlignedWith, Contract, NonEmpty, Record, TokenId, TokenWeight

Share = Annotated[float, Field(ge=0, le=1)]

WITHIN = "within"
"""Name of the part that has every token, once each response's mean is taken away."""

QUARTERS = tuple(f"quarter {n}" for n in range(1, 5))
"""Names of the parts that are the quarters of a response's tokens."""


class Interval(Contract):
    """A number with its interval over problems; null bounds where the data set no bound."""

    value: FiniteFloat
    low: FiniteFloat | None
    high: FiniteFloat | None


class MethodCredit(Contract):
    """What one method makes of the tokens.

    The credit of a token is Â_t, plus the distillation weight times Δ_t, plus the likelihood's
    weight: how hard, and in which direction, the method pushes the probability of this token.
    """

    method: NonEmpty
    """Name of the method."""

    weighting: dict[str, Any]
    """Its settings, schedules resolved."""

    quantiles: dict[str, FiniteFloat]
    """Of the credit over all tokens: p05, p25, p50, p75, p95."""

    magnitude: Annotated[FiniteFloat, Field(ge=0)]
    """Mean of the absolute credit over all tokens."""

    credited: Share
    """Share of the tokens whose credit is not 0."""

    segments: dict[str, Interval]
    """Share of the absolute credit on `reasoning`, `answer` and `format` tokens; empty if none."""

    sign_agreement: Interval | None
    """Share of the signal tokens whose credit has their advantage's sign; null without signal."""

    cut: Share | None
    """Share of the signal tokens whose weight a bound changed; null for methods without one."""

    selected: Share | None = None
    """Share of the tokens that a threshold on a small difference selects; null without one."""

    selected_by_rounding: Share | None = None
    """How many tokens rounding alone selects over how many are selected; null where the size of
    rounding is not known."""


class FidelityDifference(Contract):
    """A method's fidelity on a part of the responses, minus that of the method compared with.

    Where that one's credit is 0 everywhere, as GRPO's is within responses, it counts as 0.
    """

    difference: Interval
    """Paired over problems."""

    p_value: Share | None
    """Two-sided, for no difference; not corrected. Null where the data set no bound."""

    p_corrected: Share | None
    """The same after Holm's correction over the methods."""


class MethodFidelity(Contract):
    """How near one method's credit comes to what the tokens were worth.

    Fidelity is the cosine of the credit with the true advantages: 1 is perfect, and a multiple of a
    credit has the same. The estimate may exceed 1 where the advantages are known poorly.
    """

    method: NonEmpty
    """Name of the method."""

    value: Interval | None
    """Over all tokens; null where the credit is 0 everywhere or the advantages are not known."""

    difference: Interval | None
    """Paired difference to the method compared with; null for that one."""

    p_value: Share | None
    """Two-sided, for no difference; not corrected."""

    p_corrected: Share | None
    """The same after Holm's correction over the methods."""

    within: Interval | None
    """Fidelity once credit and advantages are less their mean over the response: which of its
    tokens counted."""

    segments: dict[str, Interval | None]
    """Fidelity on `reasoning`, `answer` and `format` tokens alone."""

    positions: list[Interval | None]
    """Fidelity on each quarter of the responses, from their beginning."""

    differences: dict[str, FidelityDifference] = Field(default={})
    """Name of a part, as in `parts` -> difference there; empty for the method compared with."""

    def parts(self) -> dict[str, Interval | None]:
        """Within responses, name of a segment or a quarter -> fidelity there."""
        quarters = dict(zip(QUARTERS, self.positions, strict=True))
        return {WITHIN: self.within} | self.segments | quarters


class CreditFidelity(Contract):
    """All methods against the true advantages of the same tokens."""

    spans: Annotated[int, Field(ge=0)]
    """Tokens, or spans between valued states, whose advantage was measured."""

    states: Annotated[int, Field(ge=0)]
    """Distinct states that were valued."""

    continuations: Annotated[int, Field(ge=2)]
    """Drawn from each, in two halves."""

    reliability: FiniteFloat | None
    """Cosine of the two halves' advantages: how much of one half is signal."""

    reliability_within: FiniteFloat | None
    """The same less each response's mean."""

    compared_with: NonEmpty
    """The method to which the differences are."""

    methods: list[MethodFidelity]
    """One entry a method, in the order of the comparison."""


class WeightingComparison(Record):
    """The summary of a comparison; the credit of every token stands beside it in a table.

    Signal tokens are those of responses whose advantage is not 0, by each method's estimator.
    """

    schema_version: ClassVar[int] = 4
    oldest_readable: ClassVar[int | None] = 1

    rollouts: Annotated[int, Field(ge=0)]
    """Responses compared on."""

    tokens: Annotated[int, Field(ge=0)]
    """Their tokens."""

    signal_tokens: Annotated[int, Field(ge=0)]
    """Those of responses whose standardised advantage is not 0."""

    policy: NonEmpty
    """Digest of the policy that sampled them."""

    teacher: NonEmpty | None
    """Digest of the policy that scored them with privileged information; null without one."""

    privileged: NonEmpty | None
    """What it was shown."""

    token_shares: dict[str, Share]
    """Share of the tokens that are `reasoning`, `answer` and `format`."""

    methods: list[MethodCredit]
    """One entry a method."""

    rank_correlation: list[list[FiniteFloat | None]]
    """Spearman's, between the credits of two methods over all tokens; null if one is constant."""

    rank_correlation_within: list[list[FiniteFloat | None]]
    """The same less each response's mean credit: who agrees on which of its tokens count."""

    left_out: dict[str, str]
    """Method -> why it could not be computed from these tables."""

    fidelity: CreditFidelity | None = None
    """Against measured token values; null where none were made of these rollouts."""

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
    """The credit that one method gives the tokens of one rollout."""

    key: ClassVar[tuple[str, ...]] = ("method", "rollout_id")

    method: NonEmpty
    """Name of the method."""

    rollout_id: NonEmpty
    """The rollout."""

    completion_ids: list[TokenId]
    """Its tokens. [tokens]"""

    credit: Annotated[list[TokenWeight], AlignedWith("completion_ids")]
    """The credit of each. [tokens]"""

    example: ClassVar[dict[str, Any]] = {
        "method": "rlsd",
        "rollout_id": "easy_vqa/train/17#0",
        "completion_ids": [7, 3, 2],
        "credit": [0.75, 0.875, 0.75],
    }
