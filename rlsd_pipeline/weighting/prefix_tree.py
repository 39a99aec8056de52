"""Prefix tree: a token's credit is the change of the mean reward of the responses that share it.

    V(s)    mean reward of the group's responses that begin with s
    TD_t    V(s_t) - V(s_{t-1}); 0 unless responses of the group diverge at t
    both    Â_t = A + TD_t
    branch  Â_t = TD_t

After TEMPO (arXiv 2509.18314; docs/method.md, eq. 20). Its abstract describes the tree, V, and the
term, which is added to GRPO's advantage and is 0 off branches. It does not state the scale of the
term; here it is in units of the reward. `branch` is this project's: over a response it adds up to R
minus the group's mean, which `advantages: centred` gives at each token. No teacher is read and
nothing more is sampled. It is `vine` with the group in the place of continuations. Late in long
responses few share a prefix, and the last branch takes the rest of the reward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting

if TYPE_CHECKING:
    from torch import Tensor

_FIRST, _MOST = 8, 16
"""Tokens of a response that are looked at together, at first and at most."""


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

    The trees of all groups are walked at once, from branch to branch: what all responses of a node
    say alike is skipped. A response that is alone is left, since V is its own reward from there on.

    Args:
        credit: Its token ids, rewards and groups are read.
        per: The unit of each response's changes, in rewards; `[responses]`, 1 unless given.

    Raises:
        ValueError: The table has no token ids.
    """
    import torch

    token_ids, rewards, lengths = credit.column("token_ids"), credit.rewards, credit.lengths
    changes = torch.zeros_like(credit.student_logprobs)
    size = int(token_ids.max()) + 1 if len(token_ids) else 1
    ends = lengths.cumsum(0)
    front = _split(torch.arange(len(rewards)), credit.groups, ends - lengths, rewards)
    front = front.of(front.passing > 1)
    ahead = _FIRST
    while len(front.going):
        front = front.skipped(token_ids, ends, ahead)
        ahead = min(2 * ahead, _MOST)
        parts = ~front.goes_on
        branch = front.of(parts & (front.places < ends[front.going]))
        ways = branch.nodes * size + token_ids[branch.places]
        parted = _split(branch.going, ways, branch.places, rewards)
        change = parted.values - branch.values[parted.order]
        change = change if per is None else change / per[parted.going]
        changes[parted.places] = change.nan_to_num(0.0).to(changes.dtype)
        parted = parted._replace(places=parted.places + 1)
        front = front.of(~parts).beside(parted.of(parted.passing > 1))
    return changes


class _Front(NamedTuple):
    """Responses that share what they have said so far; those of one node lie side by side.

    Attributes:
        going: Indices of the responses; `[going]`.
        nodes: Where each stands in the tree, ascending; `[going]`.
        places: Its next token among all tokens; `[going]`.
        values: Mean known reward of those that pass the node; float64, `[going]`.
        passing: How many pass it; `[going]`.
        order: Where each stood among those that came in; `[going]`.
        goes_on: Whether all that pass the node may say the same next; `[going]`.
    """

    going: Tensor
    nodes: Tensor
    places: Tensor
    values: Tensor
    passing: Tensor
    order: Tensor
    goes_on: Tensor

    def of(self, chosen: Tensor) -> _Front:
        """A part of them."""
        return _Front(*(column[chosen] for column in self))

    def beside(self, other: _Front) -> _Front:
        """Both, as nodes of one tree."""
        import torch

        after = int(self.nodes[-1]) + 1 if len(self.nodes) else 0
        joined = _Front(*(torch.cat(pair) for pair in zip(self, other, strict=True)))
        return joined._replace(nodes=torch.cat([self.nodes, other.nodes + after]))

    def skipped(self, token_ids: Tensor, ends: Tensor, most: int) -> _Front:
        """Further on by what all of a node say alike.

        Args:
            token_ids: `[tokens]`.
            ends: Where each response ends; `[responses]`.
            most: Tokens that are looked at.
        """
        import torch

        _, nodes, passing = self.nodes.unique_consecutive(return_inverse=True, return_counts=True)
        first = passing.cumsum(0) - passing
        ahead = self.places.unsqueeze(1) + torch.arange(most)
        tokens = token_ids[ahead.clamp(max=len(token_ids) - 1)]
        alike = tokens == tokens[first][nodes]
        alike &= ahead < ends[self.going].unsqueeze(1)
        steps = alike.to(torch.uint8).argmin(1).masked_fill_(alike.all(1), most)
        least = steps.new_full((len(first),), most).scatter_reduce_(0, nodes, steps, "amin")
        return self._replace(
            nodes=nodes, places=self.places + least[nodes], goes_on=least[nodes] == most
        )


def _split(going: Tensor, ways: Tensor, places: Tensor, rewards: Tensor) -> _Front:
    """Responses by the way that they take.

    Args:
        going: Indices of the responses; `[going]`.
        ways: The way of each, an integer; `[going]`.
        places: Its token among all tokens; `[going]`.
        rewards: Reward of all responses, nan where not known; `[responses]`.
    """
    distinct, nodes, passing = ways.unique(return_inverse=True, return_counts=True)
    own = rewards[going].double()
    known = ~own.isnan()
    sums = own.new_zeros(len(distinct)).index_add(0, nodes, own.where(known, 0.0))
    counts = own.new_zeros(len(distinct)).index_add(0, nodes, known.double())
    order = nodes.argsort(stable=True)
    nodes = nodes[order]
    values, passing = (sums / counts)[nodes], passing[nodes]
    return _Front(going[order], nodes, places[order], values, passing, order, known[order])
