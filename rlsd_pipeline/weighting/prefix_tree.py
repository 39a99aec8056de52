"""Prefix tree: a token's credit is the change of the mean reward of the responses that share it.

    V(s)    mean reward of the group's responses that begin with s
    TD_t    V(s_t) - V(s_{t-1}); 0 where no response of the group takes another way
    both    Â_t = A + TD_t
    branch  Â_t = TD_t

After TEMPO (arXiv 2509.18314; docs/method.md, eq. 20): its abstract has the tree, V, and that the
term is added to GRPO's advantage and is 0 off branches. How it scales the term beside A is not
stated there; here it is in units of the reward. `branch` is ours: over a response it adds up to R
less the group's mean, as `advantages: centred` does at each token. No teacher is read and nothing
more is sampled: it is `vine` with the group in the place of continuations, so few share a prefix
late in long responses, where the last branch takes all that is left of the reward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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

    The tree is walked token by token, all groups at once, and left where a response is alone: from
    there on V is its own reward.

    Args:
        credit: Its token ids, rewards and groups are read.
        per: The unit of each response's changes, in rewards; `[responses]`, 1 unless given.

    Raises:
        ValueError: The table has no token ids.
    """
    import torch

    token_ids = credit.column("token_ids")
    changes = torch.zeros_like(credit.student_logprobs)
    size = int(token_ids.max()) + 1 if len(token_ids) else 1
    lengths = credit.lengths
    starts = lengths.cumsum(0) - lengths
    # Of the responses that share what they have said so far: where they stand in the tree.
    going = torch.arange(len(credit.groups))
    nodes, values, alone = _parted(credit.groups, credit.rewards)
    for depth in range(int(lengths.max()) if len(lengths) else 0):
        on = ~alone & (lengths[going] > depth)
        going, nodes, before = going[on], nodes[on], values[on]
        places = starts[going] + depth
        nodes, values, alone = _parted(nodes * size + token_ids[places], credit.rewards[going])
        change = values - before if per is None else (values - before) / per[going]
        changes[places] = change.nan_to_num(0.0).to(changes.dtype)
    return changes


def _parted(ways: Tensor, rewards: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Responses by the way that they take, an integer.

    Returns:
        Of each response: its node, the mean known reward of those that pass it in float64, and
        whether it is there alone; `[responses]` each.
    """
    distinct, nodes, passing = ways.unique(return_inverse=True, return_counts=True)
    rewards = rewards.double()
    known = ~rewards.isnan()
    sums = rewards.new_zeros(len(distinct)).index_add(0, nodes, rewards.where(known, 0.0))
    counts = rewards.new_zeros(len(distinct)).index_add(0, nodes, known.double())
    return nodes, (sums / counts)[nodes], (passing == 1)[nodes]
