"""The forward passes of decoding: the hidden state of each response, token by token.

`SharedRows` continue the pass of their prompt; `RepeatedRows`, for models whose cache cannot be
shared, run prompt and response again for every token.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.prefix import collate, extend, prefill, spread
from rlsd_pipeline.models.repeated import repeated_hidden
from rlsd_pipeline.models.reserved_cache import reserve
from rlsd_pipeline.models.sharing import has_sliding_window


class Rows(Protocol):
    """Responses that grow together."""

    hidden: Tensor
    """Final hidden state of each response's last token so far; `[responses, hidden]`."""

    def append(self, tokens: Tensor) -> None:
        """Add a token to each response; `[responses]`."""

    def keep(self, rows: Tensor) -> None:
        """Go on with these responses only; indices, `[kept]`."""


class SharedRows:
    """Responses behind the one pass of their prompts.

    Args:
        policy: The policy whose model runs.
        prompts: The distinct prompts.
        owners: Index of each response's prompt; `[responses]`.
        room: Tokens that a response may get.
    """

    def __init__(
        self, policy: Policy, prompts: Sequence[EncodedPrompt], owners: Tensor, room: int
    ) -> None:
        self._model, self._length = policy.model, 0
        batch = collate(prompts, left=has_sliding_window(policy.model))
        self._prefix = spread(prefill(policy.model, batch), owners)
        reserve(self._prefix.cache, room)
        self.hidden = self._prefix.last_hidden

    def append(self, tokens: Tensor) -> None:
        """Run the new tokens."""
        mask = torch.ones(len(tokens), self._length + 1, dtype=torch.long)
        found = extend(self._model, self._prefix, tokens[:, None], mask, start=self._length)
        self.hidden, self._length = found[:, 0], self._length + 1

    def keep(self, rows: Tensor) -> None:
        """Drop the cache of the others."""
        self._prefix, self.hidden = spread(self._prefix, rows), self.hidden[rows]


class RepeatedRows:
    """Responses whose prompt is run again with them.

    Args:
        policy: The policy whose model runs.
        prompts: The distinct prompts.
        owners: Index of each response's prompt; `[responses]`.
    """

    def __init__(self, policy: Policy, prompts: Sequence[EncodedPrompt], owners: Tensor) -> None:
        self._model = policy.model
        self._prompts = [prompts[owner] for owner in owners.tolist()]
        self._ids: list[list[int]] = [[] for _ in self._prompts]
        self.hidden = self._run()

    def append(self, tokens: Tensor) -> None:
        """Run everything again, the new tokens included."""
        self._ids = [[*ids, token] for ids, token in zip(self._ids, tokens.tolist(), strict=True)]
        self.hidden = self._run()

    def keep(self, rows: Tensor) -> None:
        """Drop the others."""
        kept = rows.tolist()
        self._prompts = [self._prompts[row] for row in kept]
        self._ids = [self._ids[row] for row in kept]
        self.hidden = self.hidden[rows]

    def _run(self) -> Tensor:
        # What predicts one token more, whichever that is: here the first of the vocabulary.
        asked = [[*ids, 0] for ids in self._ids]
        found = repeated_hidden(self._model, self._prompts, asked)
        return found[torch.tensor([len(ids) for ids in asked]).cumsum(0) - 1]


def begin(policy: Policy, prompts: Sequence[EncodedPrompt], owners: Tensor, room: int) -> Rows:
    """The prompts, run once; each response is empty."""
    if policy.shares_prefix:
        return SharedRows(policy, prompts, owners, room)
    return RepeatedRows(policy, prompts, owners)
