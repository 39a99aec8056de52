"""Entropy: GRPO's advantage, distributed over the tokens by the policy's entropy.

    Â_t = A H_t / mean H over the response,   H_t = -Σ_v π(v | x, y<t) log π(v | x, y<t)

Surprisal measures how unlikely the sampled token was, entropy how unlikely a token is on average.
The mean keeps the response's total. No teacher is read. It is a control of this project, as
`surprisal` is (docs/method.md, eq. 36).
"""

from typing import Literal

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.surprisal import share_of_response


class Entropy(Weighting):
    """The advantage distributed over the tokens by their entropy; a response's total stays."""

    type: Literal["entropy"] = "entropy"

    reads = frozenset({"student_entropy"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t = A H_t / mean H; A itself where the policy was never undecided.

        Raises:
            ValueError: The table has no entropies.
        """
        entropy = credit.column("student_entropy")
        shares = share_of_response(entropy, credit.lengths)
        return TokenStreams(credit.token_advantages * shares)
