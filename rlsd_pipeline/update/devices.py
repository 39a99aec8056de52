"""The processes that share an update: one alone, or several that divide the micro-batches."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import nn
from transformers import PreTrainedModel

from rlsd_pipeline.models.batching import Part, micro_batches
from rlsd_pipeline.models.placement import beside
from rlsd_pipeline.models.policy import EncodedPrompt

Output = TypeVar("Output")


class Responses(NamedTuple):
    """The responses of a step, by which it is divided into micro-batches.

    Attributes:
        prompts: The prompt of each group.
        lengths: Tokens of each group's responses.
    """

    prompts: Sequence[EncodedPrompt]
    lengths: Sequence[Sequence[int]]

    def micro_batches(self, budget: int) -> list[list[Part]]:
        """The responses by a budget of tokens."""
        return micro_batches([len(p.prompt_ids) for p in self.prompts], self.lengths, budget)

    def tokens(self, parts: Iterable[Part]) -> int:
        """Response tokens of some parts."""
        return sum(self.lengths[part.group][row] for part in parts for row in part.rows)


class StandIn(NamedTuple):
    """A response that is run along without weight.

    Attributes:
        group: The group whose prompt it answers.
        tokens: How many it has: 1 needs the prompt's pass alone, 2 also one of its own.
    """

    group: int
    tokens: int


class Turn(NamedTuple):
    """The micro-batch of one process, while the others run theirs.

    Attributes:
        parts: The responses to learn from; there may be none left.
        stand_in: What makes every process call the same modules; None where they do without.
        tokens: Response tokens that all processes together learn from in this turn.
    """

    parts: Sequence[Part]
    stand_in: StandIn | None
    tokens: int


class Devices(Protocol):
    """The processes of an update, as one of them sees them."""

    def turns(self, responses: Responses, budget: int) -> list[Turn]:
        """This process's share of a step; every process has as many turns."""
        ...

    def run(self, model: PreTrainedModel, forward: Callable[[], Output]) -> Output:
        """Call a function that calls parts of the model."""
        ...

    def clip(self, parameters: Iterable[nn.Parameter], max_norm: float) -> float:
        """Scale the gradients down to a norm over all processes; returns the norm before."""
        ...

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each value summed over the processes."""
        ...

    def largest(self, value: float) -> float:
        """The largest value of any process."""
        ...


class OneDevice:
    """This process alone."""

    def turns(self, responses: Responses, budget: int) -> list[Turn]:
        """See `Devices`."""
        batches = responses.micro_batches(budget)
        return [Turn(parts, None, responses.tokens(parts)) for parts in batches]

    def run(self, model: PreTrainedModel, forward: Callable[[], Output]) -> Output:
        """See `Devices`."""
        with beside(model):
            return forward()

    def clip(self, parameters: Iterable[nn.Parameter], max_norm: float) -> float:
        """See `Devices`."""
        return torch.nn.utils.clip_grad_norm_(parameters, max_norm).item()

    def sums(self, values: Sequence[float]) -> list[float]:
        """See `Devices`."""
        return list(values)

    def largest(self, value: float) -> float:
        """See `Devices`."""
        return value
