"""SDPG: GRPO, a small divergence to the privileged teacher, and a pull towards the base model.

    L = L_GRPO + β mean_t KL(π_S ‖ π_T) + (α/2) mean_t (log w_t)²,   w_t = π_θ(y_t) / π_0(y_t)

The divergence is over the whole vocabulary. π_0 is the model that training began with, in the plain
context, and the last term holds the policy near it. Its gradient follows the policy within an
update, so it is a part of the loss and no advantage: the stream `anchor_weights` is α. Source:
arXiv 2606.04036 (docs/method.md, eq. 48), whose project page has this term, and the loss of
lauyikfung/SDPG at 333c93c with `kl_mode: urkl` and its script's α and β. Not implemented are the
other forms of this term (`fkl`, `rkl`, `ufkl`), and what the page shows and the code has off by
default: a schedule of β, and the divergence at responses with A > 0 alone. Nor is its bound of 20
nats on a token's divergence; `entry_clip` bounds one entry instead. Its teacher is the policy
itself with the reference answer: `teacher: {type: live}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rlsd_pipeline.credit.columns import BASE
from rlsd_pipeline.divergences import DivergenceConfig
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from rlsd_pipeline.divergences.divergence import StoredDivergence


class SDPG(Weighting):
    """GRPO's loss plus the exact reverse KL to the privileged teacher, near the base model."""

    type: Literal["sdpg"] = "sdpg"

    beta: Annotated[float, Field(ge=0)] = 0.001
    """β: weight of the divergence; the default is the authors'."""

    alpha: Annotated[float, Field(ge=0)] = 0.001
    """α: weight of the pull towards the base model; the default is the authors', and 0
    needs no scores of it."""

    divergence: DivergenceConfig = ReverseKL(top_k=None)
    """The divergence, or its sampled form. The default covers the whole vocabulary, as the authors
    do. With a large vocabulary `{type: reverse_kl}`, with 100 entries and a tail, is far smaller on
    disk."""

    @property
    def columns(self) -> frozenset[str]:
        """The base model's as well, where there is a pull towards it."""
        return self.reads | {BASE} if self.alpha else self.reads

    @property
    def stored_divergence(self) -> StoredDivergence | None:
        """The declared one, unless it is the sampled form."""
        return self.divergence.stored

    def streams(self, credit: Credit) -> TokenStreams:
        """The advantage, β at the responses whose teacher saw a reference, and α.

        Raises:
            ValueError: The base model did not score the table, and α is not 0.
        """
        weights = self.beta * credit.token_informed
        pulled = self.divergence.streams(weights, credit.information_gain)
        streams = pulled.beside(credit.token_advantages)
        if not self.alpha:
            return streams
        scored = credit.column(BASE).isfinite()
        return streams._replace(anchor_weights=self.alpha * scored.to(weights.dtype))
