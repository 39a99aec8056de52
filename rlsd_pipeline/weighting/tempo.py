"""TEMPO: GRPO's advantage plus the change of the mean reward at branches of the group's tree.

    Â_t = A + (V(s_t) - V(s_{t-1})) / s_R

    V(s)  mean reward of the group's responses that begin with s
    s_R   deviation of the group's rewards, as in GRPO's advantage

Source: arXiv 2509.18314 (docs/method.md, eq. 37). Certain from its abstract: the tree, V as the
mean over descendants, and a difference of V that is added to GRPO's advantage and is 0 unless
responses diverge. The abstract does not state the scale. A summary has V as the mean of normalised
rewards, whose differences are those over s_R; this is implemented here. `prefix_tree` has the same
difference in units of the reward, and can leave the advantage out. No teacher is read.
"""

from typing import Literal

from rlsd_pipeline.advantages.standardised import group_deviations
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.prefix_tree import value_changes


class Tempo(Weighting):
    """The advantage plus the change of the mean reward at branches of the group's prefix tree."""

    type: Literal["tempo"] = "tempo"

    reads = frozenset({"token_ids"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; a group without variance has no branch that is worth anything.

        Raises:
            ValueError: The table has no token ids.
        """
        deviations = group_deviations(credit.rewards.double(), credit.groups)
        changes = value_changes(credit, per=deviations[credit.groups])
        return TokenStreams(credit.token_advantages + changes)
