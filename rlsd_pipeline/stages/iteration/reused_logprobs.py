"""Reuses the log-probabilities of sampling as the student's, where a check finds them equal.

Sampling and scoring run the same model on the same tokens. In one engine and one precision they
differ by rounding only, and scoring again would cost as much as scoring the teacher does.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rlsd_pipeline.groups import Groups

CHECK_EVERY = 16
"""Two responses of one in this many groups are scored, and of at least one group."""

TOLERANCE = 1e-4
"""Largest difference that counts as rounding, nats; RLSD's multiplier moves by as much."""


def rows_to_check(groups: Groups, lengths: Sequence[int]) -> list[int]:
    """A shortest and a longest response of every sixteenth group, the first included.

    Sampling drops rows as they end: the first that it dropped and the one that outlived the rest
    differ most in what they went through.
    """
    checked = groups.members[::CHECK_EVERY]
    return sorted({end(rows, key=lengths.__getitem__) for rows in checked for end in (min, max)})


def largest_gap(sampled: Sequence[Tensor], scored: Sequence[Tensor]) -> float:
    """Largest difference between a token as sampled and as scored, nats; nan is infinite."""
    if not sum(map(len, sampled)):
        return 0.0
    gap = (torch.cat(list(sampled)) - torch.cat(list(scored))).abs().max().item()
    return float(np.nan_to_num(gap, nan=np.inf))
