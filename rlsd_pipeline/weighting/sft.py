"""SFT: the likelihood of correct responses.

The default is SFT in the usual sense, off-policy on the data set's reference responses. With
`learns_from: sampled` it uses the policy's own correct responses, which is rejection sampling. In
both cases a response that the verifier does not accept has no loss (docs/method.md, eq. 17).
"""

from __future__ import annotations

from typing import Literal

from rlsd_pipeline.credit.responses import at_tokens
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class SFT(Weighting):
    """Negative log-likelihood of correct responses; neither advantage nor teacher is read."""

    type: Literal["sft"] = "sft"

    learns_from: Literal["reference", "sampled"] = "reference"
    """The responses learnt from: the data set's references, or the policy's own correct ones."""

    reads = frozenset()

    @property
    def responses(self) -> Literal["sampled", "reference"]:
        """Which responses have a loss."""
        return self.learns_from

    def streams(self, credit: Credit) -> TokenStreams:
        """1 on the tokens of correct responses, 0 on the others."""
        correct = credit.correct.to(credit.student_logprobs.dtype)
        return TokenStreams(nll_weights=at_tokens(correct, credit.lengths))
