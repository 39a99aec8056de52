"""RLSD with λ and ε_w that follow the evidence: a rule for the paper's open question.

Source: this project; docs/method.md, eq. 9.

λ. The information gain telescopes: Σ_t Δ_t = log P(r | x, y) - log P(r | x). So a coherent teacher
finds more evidence for the reference in right responses than in wrong ones of the same group.
Otherwise its Δ measures something else: style, the drift of its weights, or phrases that mention
the reference in right and wrong responses alike. So λ is `mix` times the agreement of evidence and
reward over the batch,

    λ = mix · max(0, corr(standardised Σ_t Δ_t, standardised R)),   standardised within groups

and an uninformative teacher leaves plain GRPO.

ε_w. The spread of Δ shrinks as the student approaches the teacher: a fixed ε_w clips nearly every
weight at first and none later. Here ε_w is the `kept` quantile of |exp(sign(A) Δ) - 1| over the
signal tokens, at most `clip`, so that a given share of the weights keeps its order throughout.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from rlsd_pipeline.advantages.standardised import Standardised
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.rlsd import cut_weights, rlsd_token_advantages

if TYPE_CHECKING:
    from torch import Tensor


class Adapted(NamedTuple):
    """The adapted λ and ε_w of one table.

    Attributes:
        mix: λ.
        clip: ε_w.
        agreement: Correlation of the teacher's evidence with the reward, in [-1, 1].
    """

    mix: float
    clip: float
    agreement: float


class AdaptiveRLSD(Weighting):
    """RLSD with a λ that follows the agreement of the teacher's evidence with the reward."""

    type: Literal["rlsd_adaptive"] = "rlsd_adaptive"

    mix: Annotated[float, Field(ge=0, le=1)] = 0.5
    """λ under full agreement."""

    clip: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Upper bound of ε_w."""

    kept: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of the evidence weights that are not clipped."""

    @property
    def keeps_sign(self) -> bool:
        """The reward alone sets the direction."""
        return True

    def streams(self, credit: Credit) -> TokenStreams:
        """RLSD with this table's λ and ε_w."""
        mix, clip, _ = self.adapt(credit)
        every = credit.reasoning.new_ones(len(credit.rows))
        advantages, gain = credit.token_advantages, credit.information_gain
        return TokenStreams(rlsd_token_advantages(advantages, gain, every, mix=mix, clip=clip))

    def cut(self, credit: Credit) -> Tensor:
        """The mask of tokens with w_t outside 1 ± ε_w."""
        return cut_weights(
            credit.token_advantages, credit.information_gain, self.adapt(credit).clip
        )

    def adapt(self, credit: Credit) -> Adapted:
        """λ and ε_w of a table."""
        agreement = evidence_agreement(credit)
        spread = credit.token_advantages.sign().mul_(credit.information_gain)
        spread.clamp_(max=math.log(2)).exp_().sub_(1).abs_()
        spread.masked_fill_(credit.token_advantages == 0, math.inf)
        kept = math.ceil(self.kept * int(credit.token_advantages.count_nonzero()))
        clip = _kth_smallest(spread, kept, most=self.clip)
        return Adapted(self.mix * max(0.0, agreement), clip, agreement)


def evidence_agreement(credit: Credit) -> float:
    """Correlation of Σ_t Δ_t with the reward, both standardised within groups; in [-1, 1].

    Groups without variance in reward or evidence take no part; 0 where none is left.
    """
    evidence = credit.information_gain.new_zeros(len(credit.rewards))
    evidence = evidence.index_add(0, credit.rows, credit.information_gain)
    evidence = evidence.masked_fill(credit.rewards.isnan(), math.nan)
    standardised = Standardised().advantages
    evidence = standardised(evidence, credit.groups)
    rewards = standardised(credit.rewards, credit.groups).to(evidence.dtype)
    takes_part = _varies(evidence, credit.groups) & _varies(rewards, credit.groups)
    evidence = evidence.masked_fill(~takes_part, 0.0)
    rewards = rewards.masked_fill(~takes_part, 0.0)
    scale = (evidence.square().sum() * rewards.square().sum()).sqrt()
    return ((evidence * rewards).sum() / scale).item() if scale > 0 else 0.0


def _varies(standardised: Tensor, groups: Tensor) -> Tensor:
    """Whether a rollout's group has any value but 0; `[rollouts]`."""
    size = int(groups.max()) + 1 if len(groups) else 0
    return standardised.new_zeros(size).index_add(0, groups, standardised.abs())[groups] > 0


def _kth_smallest(values: Tensor, k: int, most: float) -> float:
    """The k-th smallest value, at most `most`, which spares the search where that decides."""
    if k == 0:
        return 0.0
    if int((values <= most).count_nonzero()) < k:
        return most
    # NumPy's selection takes two fifths of the time of torch's.
    return float(np.partition(values.cpu().numpy(), k - 1)[k - 1])
