"""Surprisal: GRPO's advantage, distributed over the tokens by how unlikely each was.

    Â_t = A s_t / mean s over the response,   s_t = -log π(y_t | x, y<t)

A token with probability 1 cannot change the expected reward: V_t = V_{t-1} where π = 1. The mean
keeps the response's total. No teacher is read. It is this project's control for the privileged
teacher, which locates credit by Δ (docs/method.md, eq. 19).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.credit.responses import at_tokens, totals_of
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


class Surprisal(Weighting):
    """The advantage distributed over the tokens by their surprisal; a response's total stays."""

    type: Literal["surprisal"] = "surprisal"

    reads = frozenset({"student_logprobs"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t = A s_t / mean s; A itself where no token of the response was a surprise."""
        shares = share_of_response(-credit.student_logprobs.detach(), credit.lengths)
        return TokenStreams(credit.token_advantages * shares)


def share_of_response(sizes: Tensor, lengths: Tensor) -> Tensor:
    """Sizes over their mean in the response, 1 where that is 0; `[tokens]`.

    Args:
        sizes: Not negative; `[tokens]`.
        lengths: Tokens of each response; `[responses]`.
    """
    means = totals_of(sizes, lengths) / lengths.clamp(min=1)
    flat = means == 0
    shares = sizes.double().div_(at_tokens(means.masked_fill(flat, 1.0), lengths))
    if flat.any():
        shares.masked_fill_(at_tokens(flat, lengths), 1.0)
    return shares.to(sizes.dtype)
