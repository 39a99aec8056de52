"""Constant negative: one fixed credit in place of the teacher's, a control.

    Â_t = -c,   or A - c beside the advantage

Whatever a teacher's Δ_t adds beyond this comes from where it lies. The control is that of arXiv
2608.31046. Only its abstract was read: the size of its c, and whether it also uses the advantage,
are not certain (docs/method.md, eq. 38). Alone, its expected gradient on the
policy's own samples is 0, so it moves the policy by noise, by the clip, and, where a mean is taken
over each response first, by length. No teacher is read.
"""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class ConstantNegative(Weighting):
    """The same negative credit at every token."""

    type: Literal["constant_negative"] = "constant_negative"

    size: Annotated[float, Field(ge=0)] = 0.1
    """c, in the units of the advantage, or of Δ_t (nats), whose place it takes."""

    term: Literal["alone", "both"] = "alone"
    """`alone`: no reward is read, as in OPSD. `both`: the advantage as well, as in GRPO+OPSD."""

    reads = frozenset()

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t."""
        credits = credit.token_advantages - self.size
        return TokenStreams(credits.fill_(-self.size) if self.term == "alone" else credits)
