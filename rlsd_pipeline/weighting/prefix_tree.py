"""Prefix tree: a token's credit is the change of the mean reward of the responses that share it.

    V(s)    mean reward of the group's responses that begin with s
    TD_t    V(s_t) - V(s_{t-1}); 0 unless responses of the group diverge at t
    both    Â_t = A + TD_t
    branch  Â_t = TD_t

After TEMPO (arXiv 2509.18314; docs/method.md, eq. 20). Its abstract describes the tree, V, and the
term, which is added to GRPO's advantage and is 0 off branches. It does not state the scale of the
term; here it is in units of the reward. `branch` is this project's: over a response it adds up to R
minus the group's mean, which `advantages: centred` gives at each token. No teacher is read and
nothing more is sampled. It is `vine` with the group in place of continuations. Late in long
responses few share a prefix, and the last branch takes the rest of the reward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from rlsd_pipeline.credit.branches import changes_at_branches
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor


class PrefixTree(Weighting):
    """Credit at tokens where responses of a group diverge, by the difference of their rewards."""

    type: Literal["prefix_tree"] = "prefix_tree"

    term: Literal["both", "branch"] = "both"
    """`both`: the advantage and the change at branches. `branch`: the change alone."""

    reads = frozenset({"token_ids"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; a response whose verifier failed counts in no mean and has no change of its own.

        Raises:
            ValueError: The table has no token ids.
        """
        changes = value_changes(credit)
        return TokenStreams(changes if self.term == "branch" else credit.token_advantages + changes)


def value_changes(credit: Credit, per: Tensor | None = None) -> Tensor:
    """V after each token less V before it, 0 where one of them has no verdict; `[tokens]`.

    Args:
        credit: Its token ids, rewards and groups are read.
        per: The unit of each response's changes, in rewards; `[responses]`, 1 unless given.

    Raises:
        ValueError: The table has no token ids.
    """
    import torch

    changes = torch.zeros_like(credit.student_logprobs)
    found = changes_at_branches(
        credit.column("token_ids").numpy(),
        credit.lengths.numpy(),
        credit.rewards.double().numpy(),
        credit.groups.numpy(),
    )
    for going, places, values in found:
        own = values if per is None else values / per.numpy()[going]
        changes.numpy()[places] = np.nan_to_num(own)
    return changes
