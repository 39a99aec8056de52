"""OPD: the student learns, on its own rollouts, from another, usually larger model.

On-policy distillation (arXiv 2306.13649, 2601.18734; docs/method.md, eq. 11): OPSD without
privileged information, with `teacher: {type: model, ...}`. Reverse KL is the usual choice.
"""

from typing import Literal

from rlsd_pipeline.divergences import DivergenceConfig
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.privileged.kinds.none import Nothing
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class OPD(Weighting):
    """Distribution matching to another model that sees the student's prompt."""

    type: Literal["opd"] = "opd"

    divergence: DivergenceConfig = ReverseKL()
    """The divergence, or its sampled form."""

    privileged = Nothing()

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The declared one, unless it is the sampled form."""
        return self.divergence.stored

    def streams(self, credit: Credit) -> TokenStreams:
        """Weight 1 on every token."""
        return self.divergence.streams(credit.token_informed, credit.information_gain)
