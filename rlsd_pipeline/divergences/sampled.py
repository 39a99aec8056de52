"""Reverse KL from the sampled token alone.

It is a policy gradient whose advantage is the information gain: as a loss, with a detached teacher,
its gradient would not hold the teacher at all (docs/method.md, eq. 15).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.credit.streams import TokenStreams
from rlsd_pipeline.divergences.divergence import Divergence

if TYPE_CHECKING:
    from torch import Tensor


class Sampled(Divergence):
    """Reverse KL from the sampled token alone, as a policy gradient with advantage Δ_t."""

    type: Literal["sampled"] = "sampled"

    def streams(self, weights: Tensor, information_gain: Tensor) -> TokenStreams:
        """Â_t is the weight times Δ_t."""
        return TokenStreams(token_advantages=weights * information_gain)
