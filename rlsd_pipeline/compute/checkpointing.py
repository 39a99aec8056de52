"""Activation checkpointing of layers that read and write a key-value cache.

A layer that is run again in the backward pass must not write its keys a second time. So each runs
as a pure function: the keys and values before it go in, those after it come out.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, cat, nn
from torch.utils.checkpoint import checkpoint
from transformers import Cache


class _Written:
    """Takes the place of the cache inside one layer, and keeps what the layer writes."""

    def __init__(self, keys: Tensor | None, values: Tensor | None) -> None:
        self.keys, self.values = keys, values

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Like a cache: append the new keys and values to the present ones."""
        if self.keys is not None and self.values is not None:
            keys = cat([self.keys, keys], dim=-2)
            values = cat([self.values, values], dim=-2)
        self.keys, self.values = keys, values
        return keys, values


def checkpoint_layer(layer: nn.Module) -> None:
    """Let a layer keep only its inputs for the backward pass."""
    plain: Callable[..., Any] = layer.forward
    attention: Any = getattr(layer, "self_attn", None)

    def forward(*args: Any, past_key_values: Cache | None = None, **kwargs: Any) -> Any:
        if past_key_values is None:
            return _again(plain, *args, **kwargs)
        kept = past_key_values.layers[attention.layer_idx]

        def pure(keys: Tensor | None, values: Tensor | None, *args: Any, **kwargs: Any) -> Any:
            written = _Written(keys, values)
            output = plain(*args, past_key_values=written, **kwargs)
            return output, written.keys, written.values

        before = (kept.keys, kept.values) if kept.is_initialized else (None, None)
        output, keys, values = _again(pure, *before, *args, **kwargs)
        if not kept.is_initialized:
            kept.lazy_initialization(keys, values)
        kept.keys, kept.values = keys, values
        return output

    layer.forward = forward


def _again(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return checkpoint(function, *args, use_reentrant=False, preserve_rng_state=False, **kwargs)
