"""The corruption probe: how much of a reference's effect on the teacher is due to its content.

One rollout, scored by one teacher three times: with its own reference (right), with another
problem's (corrupted), and with none. A distance d between two of them then has two legs,

    presence   d(corrupted, none)     a reference is there, whatever it says
    content    d(right, corrupted)    what it says
    content share  Σ content / Σ (content + presence),  in [0, 1]

and for a metric d(right, none) ≤ presence + content. A share of 0: any text in the reference's
place moves the teacher alike. A share of 1: a wrong reference does nothing. It is a share of the
two legs, not of d(right, none), which may be smaller than either. All three passes must come from
one engine, at one precision: its noise adds to both legs and pulls the share towards one half.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rlsd_pipeline.diagnostics.distributions import total_variation
from rlsd_pipeline.statistics.bootstrap import cluster_ratio
from schemas import Interval


class ReferenceShift(NamedTuple):
    """Distances of one rollout, summed over its tokens.

    Attributes:
        total: d(right, none).
        content: d(right, corrupted).
        presence: d(corrupted, none).
        tokens: Number of tokens.
    """

    total: float
    content: float
    presence: float
    tokens: int


class CorruptionSummary(NamedTuple):
    """Many rollouts, with intervals over problems.

    Attributes:
        total: Mean of d(right, none) over all tokens, in the unit of the distance.
        content: Mean of d(right, corrupted).
        presence: Mean of d(corrupted, none).
        content_share: Share of the content in both legs; nan if nothing moved.
        rollouts: Number of rollouts.
        problems: Number of problems.
    """

    total: Interval
    content: Interval
    presence: Interval
    content_share: Interval
    rollouts: int
    problems: int


@torch.no_grad()
def total_variation_shift(right: Tensor, corrupted: Tensor, none: Tensor) -> ReferenceShift:
    """Total variation between next-token distributions, in [0, 1] a token.

    Args:
        right: Log-distributions of the teacher with its own reference; `[tokens, vocabulary]`.
        corrupted: With another problem's; `[tokens, vocabulary]`.
        none: With no reference; `[tokens, vocabulary]`.

    Raises:
        ValueError: The three arrays differ in shape.
    """
    if not right.shape == corrupted.shape == none.shape:
        raise ValueError(
            f"right {tuple(right.shape)}, corrupted {tuple(corrupted.shape)} and none "
            f"{tuple(none.shape)} must be about the same tokens of one rollout"
        )
    right, corrupted, none = right.double(), corrupted.double(), none.double()
    return ReferenceShift(
        total=float(total_variation(right, none).sum()),
        content=float(total_variation(right, corrupted).sum()),
        presence=float(total_variation(corrupted, none).sum()),
        tokens=len(right),
    )


def corruption_summary(
    shifts: Sequence[ReferenceShift],
    problem_ids: Sequence[str],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> CorruptionSummary:
    """Means over all tokens and the share of the content, with a bootstrap over problems.

    Raises:
        ValueError: There are not as many problem ids as shifts.
    """
    total, content, presence, tokens = np.array(shifts, dtype=float).reshape(-1, 4).T

    def ratio(above: np.ndarray, below: np.ndarray) -> Interval:
        return cluster_ratio(
            above, below, problem_ids, confidence=confidence, resamples=resamples, seed=seed
        )

    return CorruptionSummary(
        total=ratio(total, tokens),
        content=ratio(content, tokens),
        presence=ratio(presence, tokens),
        content_share=ratio(content, content + presence),
        rollouts=len(shifts),
        problems=len(set(problem_ids)),
    )
