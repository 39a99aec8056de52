"""OPSD: the student learns, on its own rollouts, from a teacher that also sees the reference.

L = mean_t D(π_T(· | x, r, y<t), π_S(· | x, y<t)), without any reward (arXiv 2601.18734;
docs/method.md, eq. 11). The teacher is declared with the arm: `frozen` gives the system that is
called OPSD (frozen), `live` OPSD (online).
"""

from typing import Literal

from rlsd_pipeline.divergences import DivergenceConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.divergences.forward_kl import ForwardKL
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class OPSD(Weighting):
    """Distribution matching to a teacher that sees the reference."""

    type: Literal["opsd"] = "opsd"

    divergence: DivergenceConfig = ForwardKL()
    """The divergence, or its sampled form."""

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The declared one, unless it is the sampled form."""
        return self.divergence.stored

    def streams(self, credit: Credit) -> TokenStreams:
        """Weight 1 at the responses whose teacher saw a reference."""
        return self.divergence.streams(credit.token_informed, credit.information_gain)
