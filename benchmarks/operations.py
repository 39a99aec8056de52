"""Floating-point operations, counted as they run."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

Shape = Sequence[int]
ATEN = torch.ops.aten


def _attention(query: Shape, key: Shape, *_: Any, **__: Any) -> int:
    """The products of queries with keys and of weights with values; a causal half counts whole."""
    rows, heads, asked, size = query
    return 4 * rows * heads * asked * key[2] * size


def _attention_backward(_: Shape, query: Shape, key: Shape, *__: Any, **___: Any) -> int:
    """Five products: the weights again, and the gradients of weights, queries, keys and values."""
    return _attention(query, key) * 5 // 2


# torch counts the attention of GPUs alone.
CPU_ATTENTION = {
    ATEN._scaled_dot_product_flash_attention_for_cpu: _attention,
    ATEN._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


def counted(run: Callable[[], object]) -> int:
    """Floating-point operations of matrix products, convolutions and attention."""
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as counter:
        run()
    return counter.get_total_flops()
