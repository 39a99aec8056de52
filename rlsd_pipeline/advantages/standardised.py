"""A_i = (R_i - mean of the group) / (std of the group + 1e-6), with the unbiased deviation.

GRPO's (DeepSeekMath, arXiv 2402.03300; docs/method.md, eq. 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.advantages.estimator import AdvantageEstimator, centred_rewards, group_sizes

if TYPE_CHECKING:
    from torch import Tensor

STD_EPSILON = 1e-6


class Standardised(AdvantageEstimator):
    """The reward minus its group's mean, divided by the group's standard deviation."""

    type: Literal["standardised"] = "standardised"

    def advantages(self, rewards: Tensor, groups: Tensor) -> Tensor:
        """0 for a whole group without variance."""
        return centred_rewards(rewards, groups) / group_deviations(rewards, groups)[groups]


def group_deviations(rewards: Tensor, groups: Tensor) -> Tensor:
    """s_R + 1e-6 of each group, the unbiased deviation of its known rewards; `[groups]`.

    Args:
        rewards: Reward of each rollout, nan where the verifier failed; `[rollouts]`.
        groups: Index of each rollout's group, from 0; `[rollouts]`.
    """
    centred, count = centred_rewards(rewards, groups), group_sizes(rewards, groups)
    squares = rewards.new_zeros(len(count)).index_add(0, groups, centred.square())
    return (squares / (count - 1).clamp(min=1)).sqrt() + STD_EPSILON
