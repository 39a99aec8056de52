"""GRPO: the reward of a response, relative to its group, is the credit of each of its tokens.

A_i = (R_i - mean of the group) / (std of the group + 1e-6), with the unbiased standard deviation;
a group without variance has advantage 0 exactly (method.md §2; DeepSeekMath, arXiv 2402.03300).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor

STD_EPSILON = 1e-6


class GRPO(Weighting):
    """Every token carries its response's advantage; no teacher is read."""

    type: Literal["grpo"] = "grpo"

    advantages: Literal["standardised", "centred"] = "standardised"
    """Divided by the group's standard deviation, or centred only (arXiv 2503.20783)."""

    reads_teacher = False

    @property
    def keeps_sign(self) -> bool:
        """A token has its response's advantage."""
        return True

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t = A."""
        if self.advantages == "standardised":
            return TokenStreams(credit.token_advantages)
        centred = group_advantages(credit.rewards, credit.groups, divide_by_std=False)
        return TokenStreams(centred[credit.rows])


def group_advantages(rewards: Tensor, groups: Tensor, *, divide_by_std: bool = True) -> Tensor:
    """Rewards relative to their group.

    Args:
        rewards: Reward of each rollout, nan where there is none; `[rollouts]`.
        groups: Index of each rollout's group, from 0; `[rollouts]`.
        divide_by_std: Divide by the unbiased standard deviation of the group plus 1e-6.

    Returns:
        Advantages `[rollouts]`, unitless. A rollout without a reward has 0 and is left out of its
        group's mean and deviation; so is a whole group in which fewer than two rewards differ.
    """
    present = ~rewards.isnan()
    values = rewards.masked_fill(~present, 0.0)
    size = int(groups.max()) + 1 if len(groups) else 0
    count = rewards.new_zeros(size).index_add(0, groups, present.to(rewards.dtype))
    mean = rewards.new_zeros(size).index_add(0, groups, values) / count.clamp(min=1)
    centred = (values - mean[groups]).masked_fill(~present, 0.0)
    if divide_by_std:
        squares = rewards.new_zeros(size).index_add(0, groups, centred.square())
        deviation = (squares / (count - 1).clamp(min=1)).sqrt() + STD_EPSILON
        centred = centred / deviation[groups]
    return centred.masked_fill(~_varies(rewards, groups, present, size)[groups], 0.0)


def _varies(rewards: Tensor, groups: Tensor, present: Tensor, size: int) -> Tensor:
    """Whether a group holds two different rewards; `[groups]`.

    A deviation of 0 would not do: equal rewards can leave a rounding error around their mean.
    """
    lowest = rewards.new_full((size,), math.inf)
    highest = rewards.new_full((size,), -math.inf)
    members, values = groups[present], rewards[present]
    lowest = lowest.scatter_reduce(0, members, values, "amin")
    return highest.scatter_reduce(0, members, values, "amax") > lowest
