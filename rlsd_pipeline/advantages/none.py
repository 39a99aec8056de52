"""A_i = R_i: plain REINFORCE, whose gradient is unbiased and varies most.

Source: docs/method.md, eq. 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.advantages.estimator import AdvantageEstimator

if TYPE_CHECKING:
    from torch import Tensor


class NoBaseline(AdvantageEstimator):
    """The reward itself, regardless of its group."""

    type: Literal["none"] = "none"

    def advantages(self, rewards: Tensor, groups: Tensor) -> Tensor:
        """A response of a group without variance is learnt from as well."""
        return rewards.nan_to_num(nan=0.0)
