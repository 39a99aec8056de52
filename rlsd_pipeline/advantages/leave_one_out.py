"""A_i = R_i - mean of the group's other rewards: RLOO's, an unbiased baseline.

Source: arXiv 2402.14740; docs/method.md, eq. 3.

It is n / (n - 1) times the centred reward, where n rollouts of the group have one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.advantages.estimator import AdvantageEstimator, centred_rewards, group_sizes

if TYPE_CHECKING:
    from torch import Tensor


class LeaveOneOut(AdvantageEstimator):
    """The reward minus the mean of the group's other rewards (RLOO)."""

    type: Literal["leave_one_out"] = "leave_one_out"

    def advantages(self, rewards: Tensor, groups: Tensor) -> Tensor:
        """0 for a whole group without variance."""
        count = group_sizes(rewards, groups)
        return centred_rewards(rewards, groups) * (count / (count - 1).clamp(min=1))[groups]
