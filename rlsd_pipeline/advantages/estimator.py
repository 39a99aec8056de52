"""The base class of advantage estimators, and the statistics of a group that they need."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING

from rlsd_pipeline.components.component import Component
from rlsd_pipeline.components.guarded import guarded, refused

if TYPE_CHECKING:
    from torch import Tensor


class AdvantageEstimator(Component):
    """Turns rewards into advantages: how much better a response was than could be expected."""

    component_kind = "advantage estimator"

    @abstractmethod
    def advantages(self, rewards: Tensor, groups: Tensor) -> Tensor:
        """The advantage of each rollout.

        Args:
            rewards: Reward of each rollout, nan where the verifier failed; float64, `[rollouts]`.
            groups: Index of each rollout's group, from 0; `[rollouts]`.

        Returns:
            Advantages, unitless, finite; `[rollouts]`. A rollout without a reward has 0 and is
            left out of its group.
        """


def estimated(estimator: AdvantageEstimator, rewards: Tensor, groups: Tensor) -> Tensor:
    """The advantages by an estimator; as its method.

    Raises:
        ComponentError: A user's estimator fails, or gives something else than finite numbers.
    """
    import torch

    doing = f"{len(rewards)} rollouts"
    with guarded(estimator, doing):
        found = estimator.advantages(rewards, groups)
    if not isinstance(found, torch.Tensor) or found.shape != rewards.shape:
        what = list(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
        wrong = f"`advantages` gave {what} in place of {list(rewards.shape)}, one a rollout"
        raise refused(estimator, doing, wrong, type(estimator).advantages)
    if not found.isfinite().all():
        row = int((~found.isfinite()).nonzero()[0])
        reward = rewards[row].item()
        why = "; give 0 to a rollout without a reward" if math.isnan(reward) else ""
        wrong = f"`advantages` gave {found[row].item()} to rollout {row}, of reward {reward}{why}"
        raise refused(estimator, doing, wrong, type(estimator).advantages)
    return found


def group_sizes(rewards: Tensor, groups: Tensor) -> Tensor:
    """How many rollouts of a group have a reward; `[groups]`."""
    size = int(groups.max()) + 1 if len(groups) else 0
    present = (~rewards.isnan()).to(rewards.dtype)
    return rewards.new_zeros(size).index_add(0, groups, present)


def centred_rewards(rewards: Tensor, groups: Tensor) -> Tensor:
    """Rewards less their group's mean; arguments as of an estimator, `[rollouts]`.

    A rollout without a reward has 0 and is left out of the mean; exactly 0 has a whole group in
    which fewer than two rewards differ.
    """
    present, count = ~rewards.isnan(), group_sizes(rewards, groups)
    values = rewards.masked_fill(~present, 0.0)
    mean = rewards.new_zeros(len(count)).index_add(0, groups, values) / count.clamp(min=1)
    takes_part = present & _varies(rewards, groups, present, len(count))[groups]
    return (values - mean[groups]).masked_fill(~takes_part, 0.0)


def _varies(rewards: Tensor, groups: Tensor, present: Tensor, size: int) -> Tensor:
    """Whether a group holds two different rewards; `[groups]`.

    A deviation of 0 would not do: equal rewards can leave a rounding error around their mean.
    """
    lowest = rewards.new_full((size,), math.inf)
    highest = rewards.new_full((size,), -math.inf)
    members, values = groups[present], rewards[present]
    lowest = lowest.scatter_reduce(0, members, values, "amin")
    return highest.scatter_reduce(0, members, values, "amax") > lowest
