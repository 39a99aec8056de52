"""One forward pass of each prompt, shared by all its responses.

Each prompt, with its images, runs once. Its key-value cache is repeated for the responses, and the
language model then runs over response tokens only. Autograd flows through the cache, so in the
update the prompt's pass receives the summed gradient of its group once.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedModel

from rlsd_pipeline.models.model_inputs import ModelInputs, collate_inputs
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.models.sharing import decoder, forward_arguments, has_sliding_window


class PromptBatch(NamedTuple):
    """Prompts padded on the right, or on the left for a sliding window.

    Attributes:
        input_ids: `[prompts, prompt tokens]`.
        attention_mask: 1 on tokens, 0 on padding; `[prompts, prompt tokens]`.
        inputs: What the processor returned beside them, as the model's forward names it.
    """

    input_ids: Tensor
    attention_mask: Tensor
    inputs: ModelInputs


class Prefix(NamedTuple):
    """Prompts after their forward pass, one row a prompt (or a response, once spread).

    Attributes:
        cache: Keys and values of the prompt tokens.
        attention_mask: `[rows, prompt tokens]`.
        last_hidden: Final hidden state of the last prompt token; `[rows, hidden]`.
        next_position: Rotary position of the first response token; `[rows]`.
    """

    cache: Cache
    attention_mask: Tensor
    last_hidden: Tensor
    next_position: Tensor


def pad(rows: Sequence[Sequence[int]], value: int = 0, *, left: bool = False) -> Tensor:
    """Rows of unequal length as one tensor `[rows, longest]`, padded on the right or left."""
    longest = max((len(row) for row in rows), default=0)
    padded = torch.full((len(rows), longest), value, dtype=torch.long)
    for index, row in enumerate(rows):
        start = longest - len(row) if left else 0
        padded[index, start : start + len(row)] = torch.tensor(row, dtype=torch.long)
    return padded


def collate(prompts: Sequence[EncodedPrompt], *, left: bool = False) -> PromptBatch:
    """Put encoded prompts into one batch, padded on the right or left."""
    lengths = [len(p.prompt_ids) for p in prompts]
    input_ids = pad([p.prompt_ids for p in prompts], left=left)
    inputs = collate_inputs([p.inputs for p in prompts], lengths, left=left)
    return PromptBatch(
        input_ids=input_ids,
        attention_mask=pad([[1] * length for length in lengths], left=left),
        inputs={name: value.to(input_ids.device) for name, value in inputs.items()},
    )


def rotary_positions(model: PreTrainedModel, batch: PromptBatch) -> Tensor:
    """The position of each token: `[rows, tokens]`, with M-RoPE `[3, rows, tokens]`."""
    if hasattr(model.base_model, "get_rope_index"):
        inputs = {"mm_token_type_ids": torch.zeros_like(batch.input_ids), **batch.inputs}
        positions, _ = model.base_model.get_rope_index(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, **inputs
        )
        return positions
    return (batch.attention_mask.cumsum(-1) - 1).clamp(min=0)


def _run(module: Any, **inputs: Any) -> Any:
    """Call a module with what its forward takes; recurrent models have another name for a cache."""
    takes = forward_arguments(module)
    if "past_key_values" not in takes:
        inputs["cache_params"] = inputs.pop("past_key_values", None)
    return module(
        **{name: value for name, value in inputs.items() if value is not None and name in takes}
    )


def run_whole(
    model: PreTrainedModel, batch: PromptBatch, positions: Tensor, cache: Cache | None = None
) -> Any:
    """One forward of whole rows, images included, at `rotary_positions`; transformers' output.

    Args:
        model: What runs.
        batch: The rows.
        positions: Positions of their tokens.
        cache: Takes their keys and values; None keeps none.
    """
    return _run(
        model.base_model,
        input_ids=batch.input_ids,
        attention_mask=_mask(batch.attention_mask),
        position_ids=positions,
        past_key_values=cache,
        use_cache=cache is not None,
        **batch.inputs,
    )


def _mask(attention_mask: Tensor) -> Tensor | None:
    """None where nothing is padded: attention has faster kernels without a mask."""
    return None if attention_mask.all() else attention_mask


def prefill(model: PreTrainedModel, batch: PromptBatch) -> Prefix:
    """Run the prompts once and keep their keys and values; for a window, padded on the left."""
    positions = rotary_positions(model, batch)
    # The cache of a window drops tokens, and none may go before all responses have read them.
    cache = DynamicCache() if has_sliding_window(model) else DynamicCache(config=model.config)
    output = run_whole(model, batch, positions, cache)
    rows = torch.arange(len(batch.input_ids))
    last = batch.attention_mask.shape[1] - 1 - batch.attention_mask.flip(-1).argmax(-1)
    real = positions.masked_fill(batch.attention_mask == 0, -1)
    return Prefix(
        cache=cache,
        attention_mask=batch.attention_mask,
        last_hidden=output.last_hidden_state[rows, last],
        next_position=real.reshape(-1, *real.shape[-2:]).amax(dim=(0, 2)) + 1,
    )


def spread(prefix: Prefix, owners: Tensor) -> Prefix:
    """Give each response its prompt's row; `owners` is `[responses]`, indices of prompts.

    The cache is changed in place. With fewer owners than rows it drops the others.
    """
    times = len(owners) // len(prefix.next_position)
    every = torch.arange(len(prefix.next_position))
    if torch.equal(owners, every.repeat_interleave(times)):
        # Its gradient is a sum over a dimension, that of picked rows a slow scatter.
        prefix.cache.batch_repeat_interleave(times)
    else:
        prefix.cache.reorder_cache(owners)
    return Prefix(
        cache=prefix.cache,
        attention_mask=prefix.attention_mask[owners],
        last_hidden=prefix.last_hidden[owners],
        next_position=prefix.next_position[owners],
    )


def extend(
    model: PreTrainedModel, prefix: Prefix, token_ids: Tensor, token_mask: Tensor, start: int
) -> Tensor:
    """Run response tokens after their prefix; the cache grows by them.

    Args:
        model: The model that made the prefix.
        prefix: One row a response.
        token_ids: The next tokens of each response; `[responses, new tokens]`.
        token_mask: 1 on every response token so far, these included, 0 on padding;
            `[responses, start + new tokens]`.
        start: How many response tokens came before.

    Returns:
        Final hidden states, `[responses, new tokens, hidden]`.
    """
    steps = torch.arange(start, start + token_ids.shape[1])
    positions = prefix.next_position[:, None] + steps
    if hasattr(model.base_model, "get_rope_index"):
        positions = positions.expand(3, -1, -1)
    output = _run(
        decoder(model),
        input_ids=token_ids,
        attention_mask=_mask(torch.cat([prefix.attention_mask, token_mask], dim=1)),
        position_ids=positions,
        past_key_values=prefix.cache,
        use_cache=True,
    )
    return output.last_hidden_state
