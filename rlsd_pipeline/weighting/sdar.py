"""SDAR: GRPO plus a gated likelihood of the tokens that the privileged teacher endorses.

    g_t = σ(β Δ_t), without gradient
    as_published     L = L_GRPO + c mean_t g_t (log π_T - log π_θ)
    policy_gradient  Â_t = A + c g_t Δ_t

Source: arXiv 2605.15155 (docs/method.md, eq. 46), as in ms-swift (`compute_sdar_loss`, a port of
the authors' code). Two facts are certain: the sign, and that only log π_θ has a gradient. That
gradient is -c g_t ∇log π_θ, in which the teacher appears only in the gate. Every sampled token
becomes likelier, the endorsed ones more, and none less likely. So it is a weighted likelihood of
the policy's own responses, and is implemented as one with the same gradient.

`policy_gradient` is the form whose expectation is a gated reverse KL: a token that the teacher
rejects becomes less likely (docs/method.md, eq. 15). c = .1 is the default of the authors' code;
projects that build on it use .01.
"""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class SDAR(Weighting):
    """GRPO's loss plus a likelihood weighed by a gate on the teacher's evidence."""

    type: Literal["sdar"] = "sdar"

    coefficient: Annotated[float, Field(ge=0)] = 0.1
    """c: weight of the likelihood beside GRPO's loss."""

    gate: Annotated[float, Field(ge=0)] = 5.0
    """β: sharpness of the gate, per nat; with 0 the gate is ½ everywhere."""

    form: Literal["as_published", "policy_gradient"] = "as_published"
    """`as_published`: the gated likelihood. `policy_gradient`: with the teacher's evidence as the
    advantage, whose sign it then keeps."""

    def streams(self, credit: Credit) -> TokenStreams:
        """The advantage and the pull, which is 0 where the teacher knew no more.

        Raises:
            ValueError: No teacher scored the table.
        """
        gain, advantages = credit.information_gain, credit.token_advantages
        pull = (self.gate * gain).sigmoid_().mul_(self.coefficient).mul_(credit.token_informed)
        if self.form == "as_published":
            return TokenStreams(token_advantages=advantages, nll_weights=pull)
        return TokenStreams(advantages + pull * gain)
