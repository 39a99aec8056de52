"""SDPG: GRPO plus a small divergence to the privileged teacher's whole distribution.

    L = L_GRPO + β mean_t KL(π_S ‖ π_T),   over the whole vocabulary

Source: arXiv 2606.04036 (docs/method.md, eq. 48) and lauyikfung/SDPG at f71329e, with its β. It is
`grpo_opsd` with reverse KL and no tail bucket. Two terms of its loss are not implemented. One is
(α/2) (log w)², which holds the policy near a frozen reference policy at α = .001; no table has that
policy's log-probabilities. The other is the bound of 20 nats on a token's divergence; `entry_clip`
bounds one entry instead. Its teacher is the policy itself with the reference answer:
`teacher: {type: live}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rlsd_pipeline.divergences import DivergenceConfig
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from rlsd_pipeline.divergences.divergence import StoredDivergence


class SDPG(Weighting):
    """GRPO's loss plus the exact reverse KL to the privileged teacher."""

    type: Literal["sdpg"] = "sdpg"

    beta: Annotated[float, Field(ge=0)] = 0.001
    """β: weight of the divergence; the default is the authors'."""

    divergence: DivergenceConfig = ReverseKL(top_k=None)
    """The divergence, or its sampled form. The default covers the whole vocabulary, as the authors
    do. With a large vocabulary `{type: reverse_kl}`, with 100 entries and a tail, is far smaller on
    disk."""

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The declared one, unless it is the sampled form."""
        return self.divergence.stored

    def streams(self, credit: Credit) -> TokenStreams:
        """The advantage, and β at the responses whose teacher saw a reference."""
        weights = self.beta * credit.token_informed
        pulled = self.divergence.streams(weights, credit.information_gain)
        return pulled.beside(credit.token_advantages)
