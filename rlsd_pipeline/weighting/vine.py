"""VinePPO: a token's credit is its true advantage, measured by continuations before and after it.

    Â_t = V_t - V_{t-1},   V the mean reward of continuations that the policy itself draws

Source: arXiv 2410.01679 (docs/method.md, eq. 18) and its code (McGill-NLP/VinePPO f636a54). It is
the oracle that other credits are held against, since no guess can be nearer than the measurement,
noise aside. Every iteration makes `token_values` first, which costs several times its rollouts.

Where places are not tokens, every token of a span has the span's whole advantage, as every token of
a reasoning step has the step's in their code. The gradient is then that of the span as one action,
and unbiased; an equal share for each token would weigh long spans down.

It is neither centred nor divided by a group's standard deviation: its mean is 0 at every state
already, and dividing would weigh problems anew. So it is smaller than GRPO's advantage, which has
variance 1 in a group: a response's adds up to R - V_0. Adam takes a constant factor out of an
update, save for its ε and for `max_grad_norm`, which then cuts GRPO's gradients more often; under
plain gradient descent the learning rates would have to differ. Groups whose rewards are all equal
keep their credit: their states may differ in value though their ends do not.
"""

from typing import Literal

from rlsd_pipeline.config.token_values import Continuations, Places, TokenValuesConfig
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class Vine(Weighting):
    """The measured true advantage of each token: the oracle, at the cost of its continuations."""

    type: Literal["vine"] = "vine"

    continuations: Continuations | None = None
    """Continuations of each state; null takes the experiment's `token_values`."""

    places: Places | None = None
    """The states that are valued; null takes the experiment's `token_values`."""

    reads = frozenset({"true_advantages"})

    def valued_by(self, declared: TokenValuesConfig) -> TokenValuesConfig:
        """The experiment's token values, with its own settings in place of theirs."""
        own = {"continuations": self.continuations, "places": self.places}
        return declared.model_copy(update={k: v for k, v in own.items() if v is not None})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; 0 at tokens that were not valued.

        Raises:
            ValueError: The table has no true advantages.
        """
        return TokenStreams(credit.column("true_advantages"))
