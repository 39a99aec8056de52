"""GRPO whose advantage lies where the policy was surprised by its own token.

    Â_t = A s_t / mean s over the response,   s_t = -log π(y_t | x, y<t)

A token that the policy was sure of cannot have changed the expected reward: V_t = V_{t-1} where
π = 1. The mean keeps the response's total. No teacher is read. A control of ours beside the
privileged teacher, which locates credit by Δ (docs/method.md, eq. 19).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


class Surprisal(Weighting):
    """The advantage shared out by each token's surprisal; a response's total stays the same."""

    type: Literal["surprisal"] = "surprisal"

    reads = frozenset({"student_logprobs"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t = A s_t / mean s; A itself where no token of the response was a surprise."""
        shares = share_of_response(
            -credit.student_logprobs.detach(), credit.rows, len(credit.rewards)
        )
        return TokenStreams(credit.token_advantages * shares)


def share_of_response(sizes: Tensor, rows: Tensor, rollouts: int) -> Tensor:
    """Sizes over their mean in the response, 1 where that is 0; `[tokens]`.

    Args:
        sizes: Not negative; `[tokens]`.
        rows: Index of each token's rollout; `[tokens]`.
        rollouts: How many there are.
    """
    exact = sizes.double()
    totals = exact.new_zeros(rollouts).index_add(0, rows, exact)
    counts = exact.new_zeros(rollouts).index_add(0, rows, exact.new_ones(len(rows)))
    means = (totals / counts.clamp(min=1))[rows]
    return (exact / means).where(means > 0, 1.0).to(sizes.dtype)
