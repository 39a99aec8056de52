"""RLSD with contrastive evidence: a right sibling against a wrong one in place of Δ.

    e_t = log π_T(y_t | x, a right sibling, y<t) - log π_T(y_t | x, a wrong sibling, y<t)
    Â_t = A ((1 - λ) + λ clip(exp(sign(A) e_t), 1 - ε_w, 1 + ε_w))

Source: `rlsd_ectr` of THU-BPM/RLCSD at 7eeff3c (arXiv 2606.11709; docs/method.md, eq. 45). Both
terms are the teacher's, so the effect that any sibling has cancels, and the student is not read. λ,
its schedule and ε_w have the values of RLSD's paper; the authors' own values are not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.rlsd import cut_weights, rlsd_token_advantages, scheduled_mix

if TYPE_CHECKING:
    from torch import Tensor


class RLSDECTR(Weighting):
    """RLSD with the evidence of a right sibling against a wrong one."""

    type: Literal["rlsd_ectr"] = "rlsd_ectr"

    mix: Annotated[float, Field(ge=0, le=1)] = 0.5
    """λ: share of the weighted credit; 0 is GRPO, 1 is fully weighted."""

    clip: Annotated[float, Field(ge=0, le=1)] = 0.2
    """ε_w: an evidence weight is clipped to 1 ± ε_w."""

    decay: Annotated[int, Field(ge=1)] | None = 50
    """Iterations over which λ falls to 0; null keeps λ constant."""

    reads = frozenset({"correct_sibling_logprobs", "wrong_sibling_logprobs"})

    @property
    def keeps_sign(self) -> bool:
        """The reward alone sets the direction."""
        return True

    def at_iteration(self, iteration: int) -> Self:
        """λ at an iteration."""
        mix = scheduled_mix(self.mix, iteration, warmup=0, decay=self.decay)
        return self.model_copy(update={"mix": mix, "decay": None})

    def cut(self, credit: Credit) -> Tensor:
        """The mask of tokens with an evidence weight outside 1 ± ε_w."""
        return cut_weights(credit.token_advantages, _evidence(credit), self.clip)

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; A itself in a response without siblings of both verdicts.

        Raises:
            ValueError: The table was not scored with siblings.
        """
        evidence = _evidence(credit)
        every = evidence.isfinite()
        advantages = credit.token_advantages
        credited = rlsd_token_advantages(advantages, evidence, every, mix=self.mix, clip=self.clip)
        return TokenStreams(credited)


def _evidence(credit: Credit) -> Tensor:
    """Log-probability with a correct sibling less that with a wrong one; nats, `[tokens]`.

    It is 0 where a response lacks one of them.
    """
    right = credit.column("correct_sibling_logprobs")
    return (right - credit.column("wrong_sibling_logprobs")).nan_to_num_(0.0)
