"""Log-probabilities of sampling in the place of the student's, where a check finds them equal.

Sampling and scoring run the same model on the same tokens. In one engine and one precision they
differ by rounding only, and scoring again would cost as much as scoring the teacher does.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

CHECK_EVERY = 16
"""One group of so many is scored, and at least one."""

TOLERANCE = 1e-4
"""Largest difference that counts as rounding, nats; RLSD's multiplier moves by as much."""


def rows_to_check(problem_ids: Sequence[str]) -> list[int]:
    """The rollouts of every sixteenth group, the first included."""
    groups = {problem: place for place, problem in enumerate(dict.fromkeys(problem_ids))}
    return [row for row, name in enumerate(problem_ids) if groups[name] % CHECK_EVERY == 0]


def largest_gap(sampled: Sequence[Tensor], scored: Sequence[Tensor]) -> float:
    """Largest difference between a token as sampled and as scored, nats; nan is infinite."""
    if not sum(map(len, sampled)):
        return 0.0
    gap = (torch.cat(list(sampled)) - torch.cat(list(scored))).abs().max().item()
    return float(np.nan_to_num(gap, nan=np.inf))
