"""The group's own responses as a tree: a token's credit is what it changed of their mean reward.

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
    """Credit at the tokens where responses of a group part, by how their rewards then differ."""

    type: Literal["prefix_tree"] = "prefix_tree"

    term: Literal["both", "branch"] = "both"
    """`both`: the advantage and the change at branches. `branch`: the change alone."""

    reads = frozenset({"token_ids"})

    def streams(self, credit: Credit) -> TokenStreams:
        """Â_t; a response whose verifier failed counts in no mean and has no change of its own.

        Raises:
            ValueError: The table has no token ids.
        """
        changes = value_changes(credit).to(credit.student_logprobs.dtype)
        return TokenStreams(changes if self.term == "branch" else credit.token_advantages + changes)


def value_changes(credit: Credit) -> Tensor:
    """V after each token less V before it, 0 where one of them has no verdict; float64, `[tokens]`.

    Raises:
        ValueError: The table has no token ids.
    """
    import torch

    token_ids = credit.column("token_ids")
    nodes, parents, count = prefix_nodes(token_ids, credit.rows, credit.groups)
    rewards = credit.rewards.double()
    known = ~rewards.isnan()
    # A group is the root of its tree: there every response of it passes.
    passed = torch.cat([credit.groups, nodes])
    passing = torch.cat([torch.arange(len(rewards)), credit.rows])
    sums = rewards.new_zeros(count).index_add(0, passed, rewards.where(known, 0.0)[passing])
    counts = rewards.new_zeros(count).index_add(0, passed, known.double()[passing])
    values = sums / counts
    return (values[nodes] - values[parents]).nan_to_num(0.0)


def prefix_nodes(token_ids: Tensor, rows: Tensor, groups: Tensor) -> tuple[Tensor, Tensor, int]:
    """The tree of each group's responses.

    Args:
        token_ids: Response after response; `[tokens]`.
        rows: Index of each token's response; `[tokens]`.
        groups: Index of each response's group; `[responses]`.

    Returns:
        The node after each token and the node before it, `[tokens]` each, and the number of nodes.
        The first nodes are the groups' roots, by the index of the group.
    """
    import torch

    lengths = rows.bincount(minlength=len(groups))
    starts = lengths.cumsum(0) - lengths
    nodes, parents = torch.zeros_like(rows), torch.zeros_like(rows)
    count = int(groups.max()) + 1 if len(groups) else 0
    at = groups.clone()
    for depth in range(int(lengths.max()) if len(lengths) else 0):
        going = (lengths > depth).nonzero().squeeze(-1)
        places = starts[going] + depth
        steps = torch.stack([at[going], token_ids[places].to(at.dtype)])
        distinct, step = steps.unique(dim=1, return_inverse=True)
        parents[places], nodes[places] = at[going], count + step
        at[going] = nodes[places]
        count += distinct.shape[1]
    return nodes, parents, count
