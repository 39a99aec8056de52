"""OPSD: the student is drawn to a teacher that also sees the reference, on its own rollouts.

L = mean_t D(π_T(· | x, r, y<t), π_S(· | x, y<t)), without any reward (arXiv 2601.18734; method.md
§2). The teacher is declared with the arm: `frozen` and `live` are the article's OPSD (frozen) and
OPSD (online).
"""

from typing import Literal

from rlsd_pipeline.config.divergence import DivergenceConfig, ForwardKL, StoredDivergence
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting, distillation, stored


class OPSD(Weighting):
    """Distribution matching to a teacher that sees the reference."""

    type: Literal["opsd"] = "opsd"

    divergence: DivergenceConfig = ForwardKL()
    """Which divergence, or its sampled form."""

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The declared one, unless it is the sampled form."""
        return stored(self.divergence)

    def streams(self, credit: Credit) -> TokenStreams:
        """Weight 1 wherever the teacher saw a reference."""
        return distillation(self.divergence, credit, credit.token_informed)
