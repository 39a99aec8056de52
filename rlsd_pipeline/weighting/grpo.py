"""GRPO: the reward of a response, relative to its group, is the credit of each of its tokens.

The arm's advantage estimator says what it is relative to (DeepSeekMath, arXiv 2402.03300;
docs/method.md, eq. 1 and 10).
"""

from typing import Literal

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class GRPO(Weighting):
    """Every token has its response's advantage; no teacher is read."""

    type: Literal["grpo"] = "grpo"

    reads = frozenset()

    @property
    def keeps_sign(self) -> bool:
        """A token has its response's advantage."""
        return True

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t = A."""
        return TokenStreams(credit.token_advantages)
