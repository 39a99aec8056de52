"""RLCSD: the evidence of a right sibling against wrong ones, added to the advantage.

    e_t = log π_T(y_t | x, a right sibling, y<t) - log mean_k π_T(y_t | x, wrong sibling k, y<t)
    r_t = clip(β λ tanh(e_t / τ), ±bound)
    Â_t = A + r_t where |r_t| > δ, held on A's side of 0;   Â_t = A elsewhere

Source: arXiv 2606.11709 (docs/method.md, eq. 42 to 44) and THU-BPM/RLCSD at 7eeff3c; the defaults
are those of its Qwen3-8B runs on mathematics. The effect that any sibling has, right or wrong, is
in both terms of e_t and cancels; this is above all style.

The authors' loss has two means: one over the tokens that are not selected, and one, times η, over
the selected ones. Here the credit contains the two denominators, so that the loss is theirs with
`update: {denominator: token}`. Their means are over a micro-batch, here they are over the table.
Responses without siblings of both verdicts have no evidence and keep A.

At τ = .02 a gap of .0008 nats is already selected, and a gap of .04 saturates: less than the
rounding of bfloat16. So `compare` prints the share that rounding alone would select.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rlsd_pipeline.credit.selection import Selection
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


class RLCSD(Weighting):
    """The advantage plus the evidence of a right sibling against wrong ones."""

    type: Literal["rlcsd"] = "rlcsd"

    temperature: Annotated[float, Field(gt=0)] = 0.02
    """τ, nats: evidence of this size has three quarters of its full effect."""

    beta: Annotated[float, Field(ge=0)] = 1.0
    """β: a factor on the evidence's effect, beside λ."""

    mix: Annotated[float, Field(ge=0)] = 0.5
    """λ: the largest change of an advantage by evidence, at β = 1."""

    threshold: Annotated[float, Field(ge=0)] = 0.02
    """δ: tokens with a smaller change keep the plain advantage."""

    bound: Annotated[float, Field(gt=0)] = 2.0
    """The largest change of an advantage by evidence, for any β and λ."""

    selected_weight: Annotated[float, Field(ge=0)] = 1.0
    """η: weight of the mean over selected tokens, relative to the mean over the others."""

    means: Literal["two", "one"] = "two"
    """`two`: selected and other tokens have a mean each, as in the authors' loss. `one`: all tokens
    share one mean, and η is not used."""

    reads = frozenset({"correct_sibling_logprobs", "mean_wrong_sibling_logprobs"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; A itself in a response without siblings of both verdicts.

        Raises:
            ValueError: The table was not scored with siblings.
        """
        import torch

        moves = self._moves(credit)
        selected = moves.abs() > self.threshold
        advantages = credit.token_advantages
        moved = advantages + moves.masked_fill_(~selected, 0.0)
        # Where the move would turn the sign, nothing is left; an advantage of 0 stays.
        moved.masked_fill_(moved * advantages <= 0, 0.0)
        if self.means == "one":
            return TokenStreams(moved)
        count, chosen = len(selected), int(selected.count_nonzero())
        others, theirs = count / max(count - chosen, 1), count / max(chosen, 1)
        return TokenStreams(
            moved.mul_(torch.where(selected, self.selected_weight * theirs, others))
        )

    def selects(self, credit: Credit) -> Selection:
        """Tokens whose advantage is moved by more than δ."""
        sizes = self._moves(credit).abs_()
        return Selection(sizes > self.threshold, sizes, self.threshold)

    def _moves(self, credit: Credit) -> Tensor:
        """r_t of every token, 0 where there is no evidence; `[tokens]`."""
        right = credit.column("correct_sibling_logprobs")
        evidence = right - credit.column("mean_wrong_sibling_logprobs")
        effect = evidence.nan_to_num_(0.0).div_(self.temperature).tanh_()
        return effect.mul_(self.beta * self.mix).clamp_(-self.bound, self.bound)
