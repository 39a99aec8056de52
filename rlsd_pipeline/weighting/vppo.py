"""VPPO: the advantage on the tokens that the image decides.

    d_t = log π_S(y_t | x with altered images) - log π_S(y_t | x),   k_t = exp(d_t) - d_t - 1
    Â_t = A (a + (1 - a) s / mean s) at the largest k_t of a response, else 0

k_t, held within [0, 10], estimates how far the policy falls from itself without the image. s is the
response's mean k, scaled to [0, 1] over the table: responses that look at the image more count
more. Source: arXiv 2510.09285 (docs/method.md, eq. 40 and 41) and YangnengChen/VPPO-RL at a23c54b,
where the share is .4 in the released script and .2 by default; the images there have black patches.
Its min and max run over a mini-batch and its mean over a micro-batch; here all run over the table.
A token that is not chosen stays in the mean over tokens. A problem without images has nothing to
look at: its responses keep A. No teacher is read.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST_LOG_RATIO = 20.0
_LARGEST = 10.0
_LEAST_RANGE = 1e-6
"""Responses whose means lie closer than this all count the same."""


class VPPO(Weighting):
    """The advantage on the tokens whose probability hangs on the image."""

    type: Literal["vppo"] = "vppo"

    share: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a response's tokens that are learnt from; the released script's."""

    least: Annotated[float, Field(ge=0, le=1)] = 0.9
    """a: the factor of the response that looks at the image least; 1 weighs all alike."""

    image: Literal["blank", "blurred", "patched"] = "patched"
    """Which altered images the tokens are held against; `patched` is the authors'."""

    reads = frozenset({"student_logprobs"})

    @property
    def columns(self) -> frozenset[str]:
        """The altered images of the setting as well."""
        return self.reads | {f"{self.image}_image_logprobs"}

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t.

        Raises:
            ValueError: The table was not scored with altered images.
        """
        altered = credit.column(f"{self.image}_image_logprobs")
        gap = altered - credit.student_logprobs.detach()
        seen = ~gap.isnan()
        gap.nan_to_num_(0.0).clamp_(-_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)
        dependence = gap.exp().sub_(gap).sub_(1).clamp_(0, _LARGEST)
        kept = largest_of_response(dependence, credit.rows, len(credit.rewards), self.share)
        factors = self._factors(dependence, seen, credit)
        credits = (credit.advantages * factors).index_select(0, credit.rows)
        return TokenStreams(credits.masked_fill_(kept.logical_not_().logical_and_(seen), 0.0))

    def _factors(self, dependence: Tensor, seen: Tensor, credit: Credit) -> Tensor:
        """Of each response a + (1 - a) s / mean s, 1 without images; `[responses]`."""
        count = len(credit.rewards)
        rows = credit.rows
        totals = rows.bincount(weights=dependence, minlength=count)
        # A response has an image at all its tokens or at none.
        has = seen.new_zeros(count).index_put_((rows,), seen)
        means = totals / rows.bincount(minlength=count).clamp(min=1)
        factors = means.new_ones(count)
        if has.any() and (spread := means[has].max() - means[has].min()) > _LEAST_RANGE:
            scaled = (means[has] - means[has].min()) / spread
            factors[has] = self.least + (1 - self.least) * scaled / scaled.mean()
        return factors.to(dependence.dtype)


def largest_of_response(sizes: Tensor, rows: Tensor, responses: int, share: float) -> Tensor:
    """Whether a token is among its response's largest, of equals the first; `[tokens]`.

    Args:
        sizes: `[tokens]`.
        rows: Index of each token's response; `[tokens]`.
        responses: How many there are.
        share: Of a response's tokens, rounded up.
    """
    import torch

    lengths = rows.bincount(minlength=responses)
    starts = lengths.cumsum(0) - lengths
    kept = torch.zeros_like(rows, dtype=torch.bool)
    for length in lengths.unique().tolist():
        if length == 0:
            continue
        count = min(math.ceil(length * share - 1e-9), length)
        if length * responses == len(rows):
            return _largest_of_row(sizes.view(responses, length), count).flatten()
        places = starts[lengths == length].unsqueeze(1) + torch.arange(length)
        kept[places] = _largest_of_row(sizes[places], count)
    return kept


def _largest_of_row(sizes: Tensor, count: int) -> Tensor:
    """Whether an entry is among the `count` largest of its row; as `sizes`."""
    import torch

    length = sizes.shape[1]
    least = np.partition(sizes.cpu().numpy(), length - count, axis=1)[:, length - count]
    bounds = torch.from_numpy(least).unsqueeze(1)
    kept = sizes >= bounds
    if int(kept.count_nonzero()) > count * len(sizes):
        equal = sizes == bounds
        room = count - (sizes > bounds).sum(1, keepdim=True)
        kept &= ~equal | (equal.cumsum(1) <= room)
    return kept
