"""The share of selected tokens that rounding alone would select.

A method may keep the tokens at which two log-probabilities of the same token differ by more than a
threshold, or those at which they differ most. Even if both are equal in exact arithmetic, they
differ: sampling and scoring, or two prompts of different lengths, round differently. The bound is
in both counts that of the table itself. docs/method.md, eq. 34.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch

from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.credit.columns import ALTERED, SIBLINGS, TEACHER
from rlsd_pipeline.credit.tables import flat

if TYPE_CHECKING:
    import pyarrow as pa
    from torch import Tensor

    from rlsd_pipeline.weighting.method import Credit, Weighting

_SEED = 0


class Selected(NamedTuple):
    """The tokens that a method selects by a small difference.

    Attributes:
        share: Share of all tokens.
        by_rounding: How many rounding alone selects, over how many are selected, at most 1; None
            where nothing is selected or the size of rounding is not known.
    """

    share: float
    by_rounding: float | None


def rounding(rollouts: pa.Table, logprobs: pa.Table, gap: float | None) -> Tensor | None:
    """The rounding error of each token's log-probability; nats, `[tokens]`.

    Where the student was scored after sampling, the difference of the two, which is that of two
    engines where another one sampled. Where sampling's numbers stand for the student's, random
    signs of the largest difference that a check of some rollouts found: an upper bound.

    Args:
        rollouts: Rows of `Rollout`.
        logprobs: Rows of `TokenLogprobs`.
        gap: The largest difference that was measured, nats.

    Returns:
        None where neither is known.
    """
    student = flat(logprobs["student_logprobs"])
    if rollouts["rollout_logprobs"].null_count == 0:
        differences = student - flat(rollouts["rollout_logprobs"])
        if differences.any():
            return differences
    if gap is None:
        return None
    draw = torch.Generator().manual_seed(_SEED)
    signs = torch.randint(2, (len(student),), generator=draw) * 2 - 1
    return gap * signs.to(student.dtype)


def selected(weighting: Weighting, credit: Credit, noise: Tensor | None) -> Selected | None:
    """The tokens that a method selects by a small difference, and how many are rounding.

    Args:
        weighting: The method.
        credit: What it reads.
        noise: From `rounding`.

    Returns:
        None of a method that selects none in this way.

    Raises:
        ComponentError: A user's method fails.
    """
    with guarded(weighting, f"what is selected of {len(credit.rewards)} rollouts"):
        found = weighting.selects(credit)
        if found is None:
            return None
        chosen = found.chosen
        share = float(chosen.double().mean()) if len(chosen) else 0.0
        if noise is None or not chosen.any():
            return Selected(share, None)
        alone = weighting.selects(of_rounding(credit, noise))
        assert alone is not None
        by_rounding = int((alone.sizes > found.bounds).sum()) / int(chosen.sum())
    return Selected(share, min(1.0, by_rounding))


def of_rounding(credit: Credit, noise: Tensor) -> Credit:
    """The same table as if every context said what the student says, but for rounding.

    Each column has errors of its own, drawn from the same ones in another order; a rollout that
    has none of a column still has none.
    """
    draw = torch.Generator().manual_seed(_SEED)
    columns = {}
    for name in sorted({TEACHER} | SIBLINGS | ALTERED):
        held = getattr(credit, name)
        errors = noise[torch.randperm(len(noise), generator=draw)]
        if held is not None:
            columns[name] = (credit.student_logprobs + errors).where(~held.isnan(), held)
    return replace(credit, **columns)
