"""GRPO+OPSD: the linear mix of the two (docs/method.md, eq. 16).

The loss is GRPO's plus β times OPSD's. With `divergence: {type: sampled}` both are one policy
gradient with Â_t = A + β Δ_t. The paper does not give β.
"""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.divergences import DivergenceConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class GRPOOPSD(Weighting):
    """GRPO's loss plus a divergence to the privileged teacher."""

    type: Literal["grpo_opsd"] = "grpo_opsd"

    beta: Annotated[float, Field(ge=0)] = 0.1
    """Weight of the divergence."""

    divergence: DivergenceConfig = ForwardKL()
    """The divergence, or its sampled form."""

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The declared one, unless it is the sampled form."""
        return self.divergence.stored

    def streams(self, credit: Credit) -> TokenStreams:
        """The advantage, plus β times OPSD's stream."""
        pulled = self.divergence.streams(self.beta * credit.token_informed, credit.information_gain)
        return pulled.beside(credit.token_advantages)
