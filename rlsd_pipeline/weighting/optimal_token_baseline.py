"""The reward less the baseline of least variance at each place of the group's responses.

    Â_t = R - B_t,   B_t = Σ R W_t / Σ W_t over the group's responses that have a token t
    W_t = Σ_{j<=t} (1 - 2 π_j + Σ_v π(v)²)

W_t stands for the squared norm of the score up to t: a response of a large gradient counts more.
Source: verl at 1dda039, `optimal_token_baseline` (docs/method.md, eq. 39). The reward is the whole
return at every token, since it comes with the last; nothing is divided by a deviation, and no
teacher is read. Two differences: verl adds 1e-8 to Σ W_t, here the plain mean stands where it is 0;
and a response whose verifier failed counts in no baseline and has credit 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


class OptimalTokenBaseline(Weighting):
    """The reward less a baseline that weighs each response by the gradient it stands for."""

    type: Literal["optimal_token_baseline"] = "optimal_token_baseline"

    tail: Literal["reward", "zero"] = "reward"
    """Credit beyond the end of every other response of the group, where a response would be its own
    baseline. `reward`: there is none, as in verl. `zero`: as the formula has it."""

    reads = frozenset({"student_logprobs", "student_squared_probs"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t, in units of the reward.

        Raises:
            ValueError: The table has no squared probabilities.
        """
        logprobs = credit.student_logprobs.detach()
        energies = 1 - 2 * logprobs.double().exp() + credit.column("student_squared_probs")
        rewards = credit.rewards.double()
        baselines, alone = place_baselines(energies, rewards, credit.rows, credit.groups)
        if self.tail == "reward":
            baselines.masked_fill_(alone, 0.0)
        credits = (rewards[credit.rows] - baselines).nan_to_num_(0.0)
        return TokenStreams(credits.to(logprobs.dtype))


def place_baselines(
    energies: Tensor, rewards: Tensor, rows: Tensor, groups: Tensor
) -> tuple[Tensor, Tensor]:
    """B_t of each token, and whether no other response of the group has a token there.

    Args:
        energies: What each token adds to W; float64, `[tokens]`.
        rewards: R, nan where the verifier failed; float64, `[responses]`.
        rows: Index of each token's response; `[tokens]`.
        groups: Index of each response's group; `[responses]`.
    """
    import torch

    lengths = rows.bincount(minlength=len(groups))
    starts = lengths.cumsum(0) - lengths
    summed = energies.cumsum(0)
    before = torch.cat([summed.new_zeros(1), summed])[starts]
    known = (~rewards.isnan()).double()[rows]
    weights = (summed - before[rows]).clamp_(min=0).mul_(known)
    # One row of places a group, as long as its longest response.
    longest = lengths.new_zeros(int(groups.max()) + 1 if len(groups) else 0)
    longest = longest.scatter_reduce_(0, groups, lengths, "amax")
    offsets = (longest.cumsum(0) - longest)[groups] - starts
    place = torch.arange(len(rows)) + offsets[rows]
    size, paid = int(longest.sum()), rewards.nan_to_num(0.0)[rows]

    def over_group(values: Tensor) -> Tensor:
        return values.new_zeros(size).index_add_(0, place, values)

    total, count = over_group(weights), over_group(known)
    plain = over_group(known * paid) / count.clamp(min=1)
    weighted = over_group(weights * paid) / total
    return weighted.where(total > 0, plain)[place], (count <= 1)[place]
