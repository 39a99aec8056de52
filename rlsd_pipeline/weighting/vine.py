"""VinePPO: a token's credit is its true advantage, measured by continuations before and after it.

    Â_t = V_t - V_{t-1},   V the mean reward of continuations that the policy itself samples

Source: arXiv 2410.01679 (docs/method.md, eq. 18) and its code (McGill-NLP/VinePPO f636a54). It is
the oracle that other credits are compared with: apart from noise, no credit can be closer to the
truth than the measurement. Every iteration makes `token_values` first, which costs several times
its rollouts.

If states are not valued at every token, each token of a span has the span's whole advantage, as in
the authors' code for reasoning steps. The gradient is then that of the span as one action, and
unbiased. An equal share for each token would give long spans less weight.

The credit is neither centred nor divided by a group's standard deviation: its mean is already 0 at
every state, and a division would change the weights of problems. So it is smaller than GRPO's
advantage, which has variance 1 in a group: over a response it adds up to R - V_0. Adam removes a
constant factor from an update, except through its ε and `max_grad_norm`, which then clips GRPO's
gradients more often. Plain gradient descent would need different learning rates. Groups whose
rewards are all equal keep their credit, since their states may still differ in value.
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
        """The experiment's token values, overridden by its own settings."""
        own = {"continuations": self.continuations, "places": self.places}
        return declared.model_copy(update={k: v for k, v in own.items() if v is not None})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; 0 at tokens that were not valued.

        Raises:
            ValueError: The table has no true advantages.
        """
        return TokenStreams(credit.column("true_advantages"))
