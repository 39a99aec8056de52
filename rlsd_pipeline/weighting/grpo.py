"""GRPO: the reward of a response, relative to its group, is the credit of each of its tokens.

A_i = (R_i - mean of the group) / (std of the group + 1e-6), with the unbiased standard deviation;
a group without variance has advantage 0 exactly (method.md §2; DeepSeekMath, arXiv 2402.03300).
"""

import torch
from torch import Tensor

from rlsd_pipeline.weighting.streams import Credit, TokenStreams

STD_EPSILON = 1e-6


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
    values = torch.where(present, rewards, 0.0)
    size = int(groups.max()) + 1 if len(groups) else 0
    count = rewards.new_zeros(size).index_add(0, groups, present.to(rewards.dtype))
    mean = rewards.new_zeros(size).index_add(0, groups, values) / count.clamp(min=1)
    centred = torch.where(present, values - mean[groups], 0.0)
    if divide_by_std:
        squares = rewards.new_zeros(size).index_add(0, groups, centred.square())
        deviation = (squares / (count - 1).clamp(min=1)).sqrt() + STD_EPSILON
        centred = centred / deviation[groups]
    return torch.where(_varies(rewards, groups, present, size)[groups], centred, 0.0)


def _varies(rewards: Tensor, groups: Tensor, present: Tensor, size: int) -> Tensor:
    """Whether a group holds two different rewards; `[groups]`.

    A deviation of 0 would not do: equal rewards can leave a rounding error around their mean.
    """
    pairs = torch.stack([groups[present].double(), rewards[present].double()]).unique(dim=1)
    return pairs[0].long().bincount(minlength=size) > 1


def grpo_token_advantages(advantages: Tensor, completion_mask: Tensor) -> Tensor:
    """The rollout's advantage at each of its tokens, 0 elsewhere; `[rollouts, tokens]`."""
    return torch.where(completion_mask, advantages[:, None], 0.0)


def grpo_streams(credit: Credit) -> TokenStreams:
    """GRPO as a stream."""
    return TokenStreams(grpo_token_advantages(credit.advantages, credit.completion_mask))
