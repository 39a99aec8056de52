"""The tensors that a processor returns beside token ids; the pipeline passes them on unread.

Their names differ by family (`pixel_values`, `image_grid_thw`, `image_sizes`, `token_type_ids`,
`cross_attention_mask`, ...), and the model's forward takes them by these names. Only their shape
matters here: one that begins with `[1, prompt tokens]` says something of each token, and any other
holds images. An image takes at least one token and a chat has others, so no tensor of images can
begin like that.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rlsd_pipeline.errors import ModelError

ModelInputs = Mapping[str, Tensor]

_IDS = ("input_ids", "attention_mask")


def model_inputs(returned: Mapping[str, object]) -> dict[str, Tensor]:
    """The tensors of a processor's result, without ids and attention mask, which every batch makes.

    Raises:
        ModelError: Something is no tensor, so a batch could not be made of it.
    """
    kept: dict[str, Tensor] = {}
    for name, value in returned.items():
        if name in _IDS:
            continue
        if not isinstance(value, Tensor):
            raise ModelError(
                f"the model's processor returns `{name}` as {type(value).__name__}, where a tensor "
                "is needed: use a processor of transformers, or a model without images"
            )
        kept[name] = value
    return kept


def is_per_token(value: Tensor, tokens: int) -> bool:
    """Whether a tensor says something of each of the prompt's tokens."""
    return value.shape[:2] == (1, tokens)


def image_shapes(inputs: ModelInputs, tokens: int) -> tuple[tuple[str, torch.Size], ...]:
    """Names and shapes of the tensors that hold images; may be empty."""
    return tuple((n, value.shape) for n, value in inputs.items() if not is_per_token(value, tokens))


def with_more_tokens(inputs: ModelInputs, tokens: int, more: int) -> dict[str, Tensor]:
    """The inputs of an extended prompt: new tokens have the kind of its last one."""
    return {
        name: torch.cat([value, value[:, -1:].expand(-1, more, *value.shape[2:])], dim=1)
        if is_per_token(value, tokens)
        else value
        for name, value in inputs.items()
    }


def without_last_tokens(inputs: ModelInputs, tokens: int, fewer: int) -> dict[str, Tensor]:
    """The inputs of a shortened prompt that ends after its last image."""
    return {
        name: value[:, : tokens - fewer] if is_per_token(value, tokens) else value
        for name, value in inputs.items()
    }


def collate_inputs(
    rows: Sequence[ModelInputs], tokens: Sequence[int], *, left: bool = False
) -> dict[str, Tensor]:
    """The inputs of several prompts as those of one batch.

    What is said of tokens is padded with 0; images follow each other in the order of the prompts,
    padded with 0 where theirs are of unequal shape.

    Args:
        rows: The inputs of each prompt.
        tokens: How many each prompt has.
        left: Whether the batch is padded before its prompts.
    """
    batch: dict[str, Tensor] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        some = next(row[name] for row in rows if name in row)
        values = [row.get(name) for row in rows]
        if all(v is None or is_per_token(v, n) for v, n in zip(values, tokens, strict=True)):
            batch[name] = _pad_tokens(values, tokens, some, left=left)
        else:
            batch[name] = _concatenated([value for value in values if value is not None])
    return batch


def _pad_tokens(
    values: Sequence[Tensor | None], tokens: Sequence[int], like: Tensor, *, left: bool
) -> Tensor:
    longest = max(tokens)
    largest = [max(v.shape[d] for v in values if v is not None) for d in range(2, like.dim())]
    padded = like.new_zeros(len(values), longest, *largest)
    for row, (value, count) in enumerate(zip(values, tokens, strict=True)):
        if value is not None:
            start = longest - count if left else 0
            _write(padded[row, start : start + count], value[0])
    return padded


def _concatenated(values: Sequence[Tensor]) -> Tensor:
    if len({value.shape[1:] for value in values}) == 1:
        return torch.cat(list(values))
    largest = [max(value.shape[d] for value in values) for d in range(1, values[0].dim())]
    joined = values[0].new_zeros(sum(map(len, values)), *largest)
    for part, value in zip(joined.split([len(value) for value in values]), values, strict=True):
        _write(part, value)
    return joined


def _write(into: Tensor, value: Tensor) -> None:
    into[tuple(slice(size) for size in value.shape)] = value
