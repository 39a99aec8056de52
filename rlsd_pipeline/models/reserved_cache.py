"""A key-value cache with reserved room for the next tokens, so that no step copies it.

The cache of transformers grows by concatenation, which copies all keys and values at every token.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class ReservedLayer(DynamicLayer):
    """Keys and values of one layer at the front of a larger buffer; not for gradients.

    Args:
        keys: `[rows, heads, tokens, head size]`.
        values: The same.
        room: Tokens that may still come.
    """

    def __init__(self, keys: Tensor, values: Tensor, room: int) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self._buffers = tuple(_with_room(part, room) for part in (keys, values))
        self._show(keys.shape[-2])

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write the new tokens behind the others."""
        start, count = self.get_seq_length(), key_states.shape[-2]
        for buffer, new in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[..., start : start + count, :] = new
        self._show(start + count)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Keep these rows, in this order."""
        length = self.get_seq_length()
        room = self._buffers[0].shape[-2] - length
        kept = (buffer[..., :length, :].index_select(0, beam_idx) for buffer in self._buffers)
        self._buffers = tuple(_with_room(part, room) for part in kept)
        self._show(length)

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat every row, the copies one after the other."""
        self.reorder_cache(torch.arange(len(self._buffers[0])).repeat_interleave(repeats))

    def _show(self, length: int) -> None:
        self.keys, self.values = (buffer[..., :length, :] for buffer in self._buffers)


def _with_room(part: Tensor, room: int) -> Tensor:
    rows, heads, length, size = part.shape
    buffer = part.new_empty(rows, heads, length + room, size)
    buffer[..., :length, :] = part
    return buffer


def reserve(cache: DynamicCache, room: int) -> None:
    """Make room in every layer for `room` more tokens."""
    cache.layers = [ReservedLayer(layer.keys, layer.values, room) for layer in cache.layers]
