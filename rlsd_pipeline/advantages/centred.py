"""A_i = R_i - mean of the group: Dr. GRPO's, which does not favour groups of little variance.

Dividing by the deviation weighs questions that are nearly always or nearly never solved more than
others (arXiv 2503.20783; docs/method.md, eq. 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.advantages.estimator import AdvantageEstimator, centred_rewards

if TYPE_CHECKING:
    from torch import Tensor


class Centred(AdvantageEstimator):
    """The reward minus its group's mean (Dr. GRPO)."""

    type: Literal["centred"] = "centred"

    def advantages(self, rewards: Tensor, groups: Tensor) -> Tensor:
        """0 for a whole group without variance."""
        return centred_rewards(rewards, groups)
