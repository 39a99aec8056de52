"""The per-token streams that a method returns and the policy update reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class TokenStreams(NamedTuple):
    """The streams that the policy update reads; a stream that a method does not use is None.

    Attributes:
        token_advantages: Signed credit of the clipped policy gradient; `[tokens]`.
        distillation_weights: Weight of the divergence to the stored teacher distribution;
            `[tokens]`.
        nll_weights: Weight of the negative log-likelihood of the response's own token; `[tokens]`.
        anchor_weights: Weight of ½ (log π_θ - log π_0)², which pulls the policy towards the base
            model π_0; `[tokens]`. The method reads `base_logprobs`.
    """

    token_advantages: Tensor | None = None
    distillation_weights: Tensor | None = None
    nll_weights: Tensor | None = None
    anchor_weights: Tensor | None = None

    def beside(self, advantages: Tensor) -> TokenStreams:
        """These streams and a policy gradient: its advantages are added to those of here, if any.

        Args:
            advantages: Â_t of the policy gradient; `[tokens]`.
        """
        own = self.token_advantages
        return self._replace(token_advantages=advantages if own is None else advantages + own)
