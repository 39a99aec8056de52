"""Grouped-query attention on the CPU, without copies of the keys and values.

Responses behind a shared prompt need a mask. With a mask, transformers repeats keys and values for
every query head, since CUDA's kernels need that; the CPU's kernel does not.
"""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "sdpa_grouped"


def grouped_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **settings: Any,
) -> tuple[Tensor, None]:
    """`sdpa`, in which a masked group of query heads reads its key head without copies.

    Args:
        module: The attention layer.
        query: `[rows, query heads, new tokens, head size]`.
        key: `[rows, key heads, tokens, head size]`.
        value: As `key`.
        attention_mask: True, or 0, where a token is read; `[rows, 1, new tokens, tokens]`.
        settings: What transformers passes on; the plain case is left to it.

    Returns:
        `[rows, new tokens, query heads, head size]`, and None for the weights.
    """
    biased = settings.get("position_bias") is not None
    if query.device.type != "cpu" or attention_mask is None or biased:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **settings)
    mixed = F.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=attention_mask,
        dropout_p=settings.get("dropout", 0.0),
        scale=settings.get("scaling"),
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return mixed.transpose(1, 2).contiguous(), None


def use_grouped_attention(model: PreTrainedModel) -> None:
    """Let a model that attends by `sdpa` do so without copies; others stay as they are."""
    if model.config._attn_implementation != "sdpa":
        return
    AttentionInterface.register(NAME, grouped_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)
