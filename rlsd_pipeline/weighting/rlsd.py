"""RLSD: the reward sets the direction of a token's update, a privileged teacher its magnitude.

    information gain     Δ_t = sg(log π_T(y_t | x, r, y<t) - log π_S(y_t | x, y<t))
    evidence weight      w_t = exp(sign(A) Δ_t)
    token advantage      Â_t = A ((1 - λ) + λ clip(w_t, 1 - ε_w, 1 + ε_w))

Source: arXiv 2604.03128, Algorithm 1; docs/method.md, eq. 5 to 8. One printed form reads
`A (1 - λ) + λ clip(w_t, ...)`. That is a misprint: a wrong answer whose |A| is
small gets a positive credit. `formula: as_printed` shows what it does.

λ is `mix` and falls linearly to 0 over the training; ε_w is `clip`. There are two conventions of
λ's schedule: the paper's, and that of the released code, which counts updates from 1 and ramps λ
up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


Schedule = Literal["paper", "released"]


class RLSD(Weighting):
    """The advantage, weighed at each token by a privileged teacher; the paper's defaults."""

    type: Literal["rlsd"] = "rlsd"

    mix: Annotated[float, Field(ge=0, le=1)] = 0.5
    """λ: share of the weighted credit; 0 is GRPO, 1 is fully weighted."""

    clip: Annotated[float, Field(ge=0, le=1)] = 0.2
    """ε_w: an evidence weight is clipped to 1 ± ε_w."""

    warmup: Annotated[int, Field(ge=0)] = 0
    """Iterations before λ begins to fall: at λ (`paper`), or rising to it (`released`)."""

    decay: Annotated[int, Field(ge=1)] | None = 50
    """Iterations over which λ falls to 0; null keeps λ constant."""

    schedule: Annotated[Schedule, Field(exclude_if=lambda schedule: schedule == "paper")] = "paper"
    """`paper`: λ is constant during `warmup` and the first update has λ. `released`: updates count
    from 1, so the first has λ (1 − 1/decay), and during `warmup` λ rises from λ/warmup."""

    formula: Literal["corrected", "as_printed"] = "corrected"
    """`corrected`: the paper's Algorithm 1. `as_printed`: its misprint, which turns the sign of
    small advantages."""

    responses_weighted: Literal["all", "negative"] = "all"
    """`negative` weights only responses with A < 0; the others get their plain advantage."""

    tokens_weighted: Literal["all", "reasoning"] = "all"
    """`reasoning` weights only the reasoning; answer and format get the plain advantage."""

    @property
    def keeps_sign(self) -> bool:
        """The reward alone sets the direction; the misprint breaks it."""
        return self.formula == "corrected"

    def at_iteration(self, iteration: int) -> Self:
        """λ at an iteration."""
        schedule = scheduled_mix if self.schedule == "paper" else released_mix
        mix = schedule(self.mix, iteration, warmup=self.warmup, decay=self.decay)
        still = {"mix": mix, "warmup": 0, "decay": None, "schedule": "paper"}
        return self.model_copy(update=still)

    def cut(self, credit: Credit) -> Tensor:
        """The mask of tokens with w_t outside 1 ± ε_w."""
        advantages, gain = credit.token_advantages, credit.information_gain
        return cut_weights(advantages, gain, self.clip) & self._weighted(credit)

    def _weighted(self, credit: Credit) -> Tensor:
        """Tokens that get more than the plain advantage."""
        weighted = credit.reasoning.new_ones(len(credit.rows))
        if self.responses_weighted == "negative":
            weighted = weighted & (credit.token_advantages < 0)
        if self.tokens_weighted == "reasoning":
            weighted = weighted & credit.reasoning
        return weighted

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t, with the plain advantage where the settings exclude weighting."""
        advantages, gain = credit.token_advantages, credit.information_gain
        weighted = self._weighted(credit)
        if self.formula == "as_printed":
            weights = evidence_weights(advantages, gain, weighted, clip=self.clip)
            printed = advantages * (1 - self.mix) + self.mix * weights
            return TokenStreams(printed.where(weighted, advantages))
        credited = rlsd_token_advantages(advantages, gain, weighted, mix=self.mix, clip=self.clip)
        return TokenStreams(credited.where(weighted, advantages))


def scheduled_mix(mix: float, iteration: int, *, warmup: int, decay: int | None) -> float:
    """λ_k = λ max(1 - (k - warmup) / decay, 0); λ itself up to `warmup` or without a decay.

    The paper's convention; k is the iteration, from 0.
    """
    if decay is None or iteration <= warmup:
        return mix
    return mix * max(1 - (iteration - warmup) / decay, 0.0)


def released_mix(mix: float, iteration: int, *, warmup: int, decay: int | None) -> float:
    """λ_s = λ s / warmup up to `warmup`, then λ max(1 - (s - warmup) / decay, 0).

    The released code's convention (iie-ycx/RLSD, ms-swift): s = iteration + 1 counts updates.
    """
    step = iteration + 1
    if step < warmup:
        return mix * step / warmup
    return scheduled_mix(mix, step, warmup=warmup, decay=decay)


def evidence_weights(
    advantages: Tensor, information_gain: Tensor, completion_mask: Tensor, *, clip: float
) -> Tensor:
    """clip(exp(sign(A) Δ), 1 - ε_w, 1 + ε_w), and 1 outside the mask; as `information_gain`."""
    sign = advantages.detach().sign()
    # masked_fill, not *: padding may hold nan or inf, and so may a gain beside sign 0; 0 * inf is
    # nan. And ε_w is at most 1, so no weight above 2 is kept and the exponential cannot overflow.
    left_out = (sign == 0).logical_or(~completion_mask.bool())
    weights = sign * information_gain.detach()
    # In place from here on: over millions of tokens, fresh memory costs more than arithmetic.
    weights.masked_fill_(left_out, 0.0).clamp_(max=math.log(2))
    return weights.exp_().clamp_(1 - clip, 1 + clip)


def cut_weights(advantages: Tensor, information_gain: Tensor, clip: float) -> Tensor:
    """The mask of exp(sign(A) Δ) outside 1 ± ε_w; shaped as `information_gain`."""
    signed = (advantages.sign() * information_gain).clamp(max=math.log(3))
    return (signed.exp() - 1).abs() > clip


def rlsd_token_advantages(
    advantages: Tensor,
    information_gain: Tensor,
    completion_mask: Tensor,
    *,
    mix: float,
    clip: float,
) -> Tensor:
    """Redistribute each rollout's advantage over its tokens.

    A token that the teacher finds likelier than the student does gets more of a positive
    advantage and less of a negative one. The sign of the advantage never changes, and no gradient
    reaches the information gain.

    Args:
        advantages: Group-normalised reward, unitless: `[rollouts]` or `[rollouts, 1]` beside padded
            tables; or of each token's rollout, as `information_gain`.
        information_gain: Teacher minus student log-probability of each token, nats; `[tokens]`, or
            `[rollouts, tokens]` with padding.
        completion_mask: True on response tokens; elsewhere the result is exactly 0, whatever the
            padding holds; as `information_gain`.
        mix: λ in [0, 1]; 0 is GRPO bit for bit.
        clip: ε_w in [0, 1]; half-width of the interval around 1 that bounds a weight.

    Returns:
        Token advantages Â, unitless; as `information_gain`.

    Raises:
        ValueError: `mix` or `clip` lies outside [0, 1], or the shapes do not fit.
    """
    if not 0 <= mix <= 1:
        raise ValueError(f"mix (λ) must lie in [0, 1], got {mix}")
    if not 0 <= clip <= 1:
        raise ValueError(f"clip (ε_w) must lie in [0, 1], got {clip}")
    shape = information_gain.shape
    if advantages.ndim == 1 and advantages.shape == shape[:-1]:
        advantages = advantages.unsqueeze(-1)
    if completion_mask.shape != shape or advantages.shape not in (shape, (*shape[:-1], 1)):
        raise ValueError(
            f"information_gain {tuple(shape)} and completion_mask {tuple(completion_mask.shape)} "
            f"must have one shape, and advantages {tuple(advantages.shape)} that shape, or that of "
            "the rollouts alone"
        )
    weights = evidence_weights(advantages, information_gain, completion_mask, clip=clip)
    # Equal to (1 - λ) + λ w, and exactly 1 where λ = 0 or w = 1.
    multiplier = weights.sub_(1).mul_(mix).add_(1)
    return multiplier.mul_(advantages.detach()).masked_fill_(~completion_mask.bool(), 0.0)
