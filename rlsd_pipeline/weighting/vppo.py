"""VPPO: the advantage on the tokens that the image decides.

    d_t = log π_S(y_t | x with altered images) - log π_S(y_t | x),   k_t = exp(d_t) - d_t - 1
    Â_t = A (a + (1 - a) s / mean s) at the largest k_t of a response, else 0

k_t, clipped to [0, 10], estimates the divergence of the policy with and without the image. s is the
response's mean k, scaled to [0, 1] over the table: responses that depend more on the image count
more. Source: arXiv 2510.09285 (docs/method.md, eq. 40 and 41) and the authors' code,
huaixuheqing/VPPO-RL at 37eedc0; YangnengChen/VPPO-RL is a copy of it. The defaults are those of its
script for 7 billion weights, the code's own are a share of .2 and a = .8; the images there have
black patches. Its min and max are over a mini-batch and its mean over a micro-batch; here all are
over the table. The script's penalty on entropy, .06 mean_t (-log π_θ), is no credit and not
implemented. A token that is not chosen still counts in the mean over tokens. The responses to a
problem without images keep A. No teacher is read.

A response keeps its share even where the image changes nothing but the rounding. So `compare`
prints the share that rounding alone would select.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from rlsd_pipeline.credit.responses import at_tokens, parts_of, totals_of
from rlsd_pipeline.credit.selection import Selection
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor

_LARGEST_LOG_RATIO = 20.0
_LARGEST = 10.0
_LEAST_RANGE = 1e-6
"""Responses whose means lie closer than this all count the same."""


class VPPO(Weighting):
    """The advantage on the tokens whose probability depends most on the image."""

    type: Literal["vppo"] = "vppo"

    share: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of a response's tokens with an advantage; the default is the released script's."""

    least: Annotated[float, Field(ge=0, le=1)] = 0.9
    """a: the factor of the response that depends least on its image; 1 weighs all alike."""

    image: Literal["blank", "blurred", "patched"] = "patched"
    """The altered images of the comparison; `patched` is the authors'."""

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
        dependence, seen = self._dependence(credit)
        kept = largest_of_response(dependence, credit.lengths, self.share)
        if not seen.all():
            kept |= at_tokens(~seen, credit.lengths)
        credits = at_tokens(
            credit.advantages * self._factors(dependence, seen, credit.lengths), credit.lengths
        )
        return TokenStreams(credits.masked_fill_(kept.logical_not_(), 0.0))

    def selects(self, credit: Credit) -> Selection:
        """The tokens that depend most on the image, in the responses that were shown one."""
        dependence, seen = self._dependence(credit)
        kept = largest_of_response(dependence, credit.lengths, self.share)
        counts = _kept_counts(credit.lengths, self.share)
        bounds = at_tokens(_least_kept(dependence.float(), credit.lengths, counts), credit.lengths)
        return Selection(kept & at_tokens(seen, credit.lengths), dependence, bounds)

    def _dependence(self, credit: Credit) -> tuple[Tensor, Tensor]:
        """k_t, nan without images, `[tokens]`, and whether a response has some, `[responses]`."""
        altered = credit.column(f"{self.image}_image_logprobs")
        gap = altered - credit.student_logprobs.detach()
        seen = _has_image(gap, credit.lengths)
        gap.clamp_(-_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)
        return gap.exp().sub_(gap).sub_(1).clamp_(0, _LARGEST), seen

    def _factors(self, dependence: Tensor, seen: Tensor, lengths: Tensor) -> Tensor:
        """The factor a + (1 - a) s / mean s of each response, 1 without images; `[responses]`."""
        means = totals_of(dependence, lengths) / lengths.clamp(min=1)
        factors = means.new_ones(len(means))
        if seen.any() and (spread := means[seen].max() - means[seen].min()) > _LEAST_RANGE:
            scaled = (means[seen] - means[seen].min()) / spread
            factors[seen] = self.least + (1 - self.least) * scaled / scaled.mean()
        return factors.to(dependence.dtype)


def _has_image(gap: Tensor, lengths: Tensor) -> Tensor:
    """Whether a response was scored with altered images, at all its tokens; `[responses]`."""
    seen = lengths > 0
    starts = (lengths.cumsum(0) - lengths)[seen]
    seen[seen.clone()] = ~gap[starts].isnan()
    return seen


def largest_of_response(sizes: Tensor, lengths: Tensor, share: float) -> Tensor:
    """Whether a token is among its response's largest, of equals the first; `[tokens]`.

    Args:
        sizes: Not negative, compared in single precision; `[tokens]`.
        lengths: Tokens of each response; `[responses]`.
        share: Share of a response's tokens, rounded up.
    """
    counts = _kept_counts(lengths, share)
    sizes = sizes.float()
    bounds = _least_kept(sizes, lengths, counts)
    kept = sizes >= at_tokens(bounds, lengths)
    tied = totals_of(kept, lengths).long() > counts
    if tied.any():
        of_tied = at_tokens(tied, lengths)
        some, widths = sizes[of_tied], lengths[tied]
        bound = at_tokens(bounds[tied], widths)
        equal, above = some == bound, some > bound
        room = counts[tied] - totals_of(above, widths).long()
        before = equal.cumsum(0)
        earlier = (before - equal.long())[widths.cumsum(0) - widths]
        kept[of_tied] = above | (equal & (before - at_tokens(earlier + room, widths) <= 0))
    return kept


def _kept_counts(lengths: Tensor, share: float) -> Tensor:
    """How many tokens of each response are kept; `[responses]`."""
    return (lengths * share - 1e-9).ceil().long().clamp(min=0).minimum(lengths)


def _least_kept(sizes: Tensor, lengths: Tensor, counts: Tensor) -> Tensor:
    """The `counts`-th largest size of each response, 0 of an empty one; `[responses]`."""
    import torch

    found = np.zeros(len(lengths), dtype=np.float32)
    for responses, tokens in parts_of(lengths):
        widths, chosen = lengths[responses].numpy(), counts[responses].numpy()
        # The bits of a float that is not negative order as it does.
        own = np.arange(len(widths)).repeat(widths) << 32
        own |= np.abs(sizes[tokens].numpy()).view(np.int32)
        own.sort()
        filled = chosen > 0
        least = own[(np.cumsum(widths) - chosen)[filled]] & (2**32 - 1)
        found[responses][filled] = least.astype(np.int32).view(np.float32)
    return torch.from_numpy(found)
