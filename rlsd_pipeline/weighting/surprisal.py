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
    totals = rows.bincount(weights=sizes, minlength=rollouts)
    means = totals / rows.bincount(minlength=rollouts).clamp(min=1)
    flat = means == 0
    # index_select and the work in place: over millions of tokens they take half the time.
    shares = sizes.double().div_(means.masked_fill(flat, 1.0).index_select(0, rows))
    if flat.any():
        shares.masked_fill_(flat[rows], 1.0)
    return shares.to(sizes.dtype)
