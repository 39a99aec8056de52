"""Optimal token baseline: the reward minus the baseline of least variance at each token's place.

    Â_t = R - B_t,   B_t = Σ R W_t / Σ W_t over the group's responses that have a token t
    W_t = Σ_{j<=t} (1 - 2 π_j + Σ_v π(v)²)

W_t estimates the squared norm of the score up to t: a response with a large gradient counts more.
Beyond the end of all other responses, a response is its own baseline and the credit is 0; verl
keeps the reward there, also in a group without variance (`tail`). Source: verl at 1dda039,
`optimal_token_baseline` (docs/method.md, eq. 39). The reward comes with the last token, so it is
the whole return at every token. Nothing is divided by a deviation, and no teacher is read. Two
differences: verl adds 1e-8 to Σ W_t, and here the plain mean is used if the sum is 0; a response
whose verifier failed counts in no baseline and has the credit 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from rlsd_pipeline.advantages.estimator import centred_rewards
from rlsd_pipeline.credit.responses import at_tokens, parts_of
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


class OptimalTokenBaseline(Weighting):
    """The reward minus a baseline that weighs each response by the size of its gradient."""

    type: Literal["optimal_token_baseline"] = "optimal_token_baseline"

    tail: Literal["reward", "zero"] = "reward"
    """Credit beyond the end of every other response of the group, where a response would be its own
    baseline. `reward`: no baseline, as in verl. `zero`: the formula's credit, 0."""

    reads = frozenset({"student_logprobs", "student_squared_probs"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t, in units of the reward.

        Raises:
            ValueError: The table has no squared probabilities.
        """
        energies = credit.student_logprobs.detach().exp().mul_(-2).add_(1)
        energies += credit.column("student_squared_probs")
        rewards, lengths = credit.rewards.to(energies.dtype), credit.lengths
        # What all of a group have in common is in its baselines too: without it a group without
        # variance has a credit of exactly 0.
        centred = centred_rewards(rewards, credit.groups)
        known = ~rewards.isnan()
        baselines, alone = place_baselines(energies, centred, known, lengths, credit.groups)
        credits = baselines.neg_().add_(at_tokens(centred, lengths))
        if alone.any():
            own = rewards.nan_to_num(0.0) if self.tail == "reward" else 0 * centred
            credits[alone] = own[credit.rows[alone]]
        if not known.all():
            credits.masked_fill_(at_tokens(~known, lengths), 0.0)
        return TokenStreams(credits)


def place_baselines(
    energies: Tensor, rewards: Tensor, known: Tensor, lengths: Tensor, groups: Tensor
) -> tuple[Tensor, Tensor]:
    """B_t of each token, and whether no other response of the group has a token there.

    Args:
        energies: What each token adds to W; `[tokens]`.
        rewards: R, 0 where it is not known; `[responses]`.
        known: Whether a response counts; `[responses]`.
        lengths: Tokens of each response; `[responses]`.
        groups: Index of each response's group; `[responses]`.
    """
    import torch

    starts = lengths.cumsum(0) - lengths
    # One row of places a group, as long as its longest response.
    longest = lengths.new_zeros(int(groups.max()) + 1 if len(groups) else 0)
    longest = longest.scatter_reduce_(0, groups, lengths, "amax")
    offsets = (longest.cumsum(0) - longest)[groups] - starts
    size = int(longest.sum())
    # Half the memory of an index, which takes most of the time over millions of tokens.
    kind = torch.int32 if max(size, len(energies)) < 2**31 else torch.int64
    place = torch.arange(len(energies), dtype=kind).add_(at_tokens(offsets.to(kind), lengths))
    weights, paid = _running(energies, lengths), at_tokens(rewards, lengths)
    if known.all():
        count = place.bincount(minlength=size)
    else:
        counted = at_tokens(known.to(weights.dtype), lengths)
        weights *= counted
        count = place.bincount(counted, minlength=size)
    total = weights.new_zeros(size).index_add_(0, place, weights)
    baselines = weights.new_zeros(size).index_add_(0, place, weights.mul_(paid)) / total
    if (total == 0).any():
        plain = weights.new_zeros(size).index_add_(0, place, paid) / count.clamp(min=1)
        baselines = baselines.where(total > 0, plain.to(weights.dtype))
    return baselines.index_select(0, place), (count <= 1).index_select(0, place)


def _running(energies: Tensor, lengths: Tensor) -> Tensor:
    """W of each token, the sum over its response so far, at least 0; `[tokens]`."""
    import torch

    found = torch.empty_like(energies)
    added, out, sizes = energies.numpy(), found.numpy(), lengths.numpy()
    for responses, tokens in parts_of(lengths):
        # Sums in float64, which here stay in the processor's cache.
        summed = np.cumsum(added[tokens], dtype=np.float64)
        widths = sizes[responses]
        before = np.concatenate([[0.0], summed])[np.cumsum(widths) - widths]
        summed -= np.repeat(before, widths)
        np.maximum(summed, 0.0, out=out[tokens], casting="same_kind")
    return found
