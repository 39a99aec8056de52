"""The report's data on how methods differ in credit, gradient and look-ahead."""

from typing import Self

from pydantic import Field, FiniteFloat, model_validator

from rlsd_pipeline.report.part import (
    Count,
    Difference,
    Estimate,
    NonEmpty,
    Part,
    Row,
    Share,
    check_known,
    check_matrix,
)


class Quantiles(Part):
    """Where the middle of a distribution lies."""

    p05: FiniteFloat
    """5 % lie below."""

    p25: FiniteFloat
    """A quarter lies below."""

    p50: FiniteFloat
    """The median."""

    p75: FiniteFloat
    """A quarter lies above."""

    p95: FiniteFloat
    """5 % lie above."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        values = [self.p05, self.p25, self.p50, self.p75, self.p95]
        if values != sorted(values):
            raise ValueError(f"the quantiles {values} do not rise")
        return self


class CreditSummary(Part):
    """What one method gives to the tokens of the compared rollouts."""

    quantiles: Quantiles
    """Of Â_t over the tokens with signal, unitless."""

    reasoning: Share
    """Share of Σ|Â_t| that falls on reasoning tokens."""

    answer: Share
    """Share that falls on tokens of the final answer."""

    format: Share
    """Share that falls on tokens of the format, such as tags and the end token."""

    tokens_with_signal: Count
    """Number of tokens with Â_t ≠ 0."""

    sign_agreement: Share | None = None
    """Share of the tokens with signal whose Â_t has the sign of A."""

    clip_fraction: Share | None = None
    """Share of the tokens whose weight was clipped; null where nothing is clipped."""


class Lookahead(Part):
    """The score after one and the same number of updates from a shared policy."""

    method: NonEmpty
    """The method that made the updates."""

    score: Estimate
    """The score then, with its interval."""

    difference: Difference | None = None
    """Paired difference to the baseline; null for the baseline itself."""


class Fidelity(Part):
    """How near one method's credit comes to what the tokens were worth."""

    method: NonEmpty
    """The method."""

    value: Estimate | None
    """Cosine with the measured advantages; null where the credit is 0 everywhere."""

    difference: Difference | None = None
    """Paired difference to the baseline; null for the baseline itself."""

    parts: dict[str, Estimate | None] = Field(default={})
    """Part of the responses, such as `within`, `answer` or `quarter 4` -> the cosine there."""

    differences: dict[str, Difference] = Field(default={})
    """Part of the responses -> paired difference to the baseline there."""


class Signal(Part):
    """How much of one method's gradient on these rollouts is signal."""

    method: NonEmpty
    """The method."""

    cosine: Estimate | None
    """Of its mean gradient with that of the measured advantages; null where not known."""

    share: Estimate | None
    """Share of the batch's squared norm that is its mean's; null where not known."""

    prompts: FiniteFloat | None
    """Prompts of a batch that is half signal; null where none is seen."""

    rollouts: FiniteFloat | None
    """Rollouts for the baseline's share; null where no signal is seen."""


class Comparison(Part):
    """All methods on the same rollouts: the only thing that differs is the method."""

    methods: tuple[NonEmpty, ...] = Field(min_length=1)
    """The methods, in the order of the matrices."""

    rollouts: Count
    """Number of rollouts compared."""

    tokens: Count
    """Number of their tokens."""

    credit: dict[NonEmpty, CreditSummary]
    """Method → what it gives."""

    rank_correlation: tuple[Row, ...] | None = None
    """Spearman's ρ of Â_t over tokens. [methods, methods]"""

    rank_correlation_within: tuple[Row, ...] | None = None
    """The same after each response's mean is taken away. [methods, methods]"""

    gradient_norms: dict[NonEmpty, FiniteFloat] | None = None
    """Method → Euclidean norm of the gradient of its loss on these rollouts."""

    gradient_cosine: tuple[Row, ...] | None = None
    """Cosine between those gradients. [methods, methods]"""

    gradient_signal: tuple[Signal, ...] = ()
    """Bias and noise of those gradients."""

    gradient_signal_meaning: str = ""
    """What its columns mean, in a few sentences."""

    fidelity: tuple[Fidelity, ...] = ()
    """Credit against measured token values; empty where none were measured."""

    fidelity_meaning: str = ""
    """What was measured and how reliably, or how to measure it, in a sentence or two."""

    lookahead: tuple[Lookahead, ...] = ()
    """Scores after further updates from one shared policy."""

    lookahead_meaning: str = ""
    """From which policy, how many updates, over what the intervals are, and n."""

    baseline: str = ""
    """The method the lookahead differences are to."""

    meaning: str = ""
    """Where the rollouts come from and which tokens count, in a sentence."""

    @model_validator(mode="after")
    def _check_methods(self) -> Self:
        check_matrix("rank_correlation", self.rank_correlation, len(self.methods))
        within = self.rank_correlation_within
        check_matrix("rank_correlation_within", within, len(self.methods))
        check_matrix("gradient_cosine", self.gradient_cosine, len(self.methods))
        check_known("credit", self.credit, self.methods)
        check_known("gradient_norms", self.gradient_norms, self.methods)
        return self
