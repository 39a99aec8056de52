"""Loads policies from a folder or the Hugging Face hub."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    PreTrainedModel,
)

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.policy import Policy, require_chat


def load_policy(
    source: str | Path,
    *,
    dtype: torch.dtype | Literal["auto"] = "auto",
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> Policy:
    """Load a policy from a folder or the Hugging Face hub, from safetensors only.

    Args:
        source: Folder or hub id.
        dtype: Type of the weights; `auto` keeps the stored one.
        revision: Commit of a hub id.
        trust_remote_code: Run Python code of the source.

    Raises:
        ModelError: There is no such model, or its tokenizer lacks a chat template or an end token.
    """
    processor = load_processor(source, revision=revision, trust_remote_code=trust_remote_code)
    try:
        model, report = model_class(processor).from_pretrained(
            source,
            dtype=dtype,
            use_safetensors=True,
            revision=revision,
            trust_remote_code=trust_remote_code,
            output_loading_info=True,
        )
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"the weights of {source} cannot be read: {error}. They must be whole safetensors "
            "files; those of another format, such as .bin, can be saved again by `save_pretrained`"
        ) from error
    require_all_weights(model, report["missing_keys"], str(source))
    return Policy(model, processor)


def model_class(processor: Any) -> Any:
    """The class of transformers that loads the model of a processor or tokenizer."""
    sees = hasattr(processor, "image_processor")
    return AutoModelForImageTextToText if sees else AutoModelForCausalLM


def require_all_weights(model: PreTrainedModel, missing_keys: Collection[str], name: str) -> None:
    """Refuse a model whose files lack a part of its weights.

    transformers only warns, and fills what is missing with random numbers.

    Raises:
        ModelError: Names the first missing tensor.
    """
    if missing_keys:
        raise ModelError(
            f"the weights of {name} lack {len(missing_keys)} tensors of {type(model).__name__}, "
            f"first {min(missing_keys)}: the files are incomplete, or made for another architecture"
        )


def load_processor(
    source: str | Path, *, revision: str | None = None, trust_remote_code: bool = False
) -> Any:
    """Load a processor, or the tokenizer of a text model, and check that it can hold a chat.

    Raises:
        ModelError: There is no such model, its family does not write text, or its tokenizer lacks
            a chat template or an end token.
    """
    origin = {"revision": revision, "trust_remote_code": trust_remote_code}
    try:
        config = AutoConfig.from_pretrained(source, **origin)
        sees = hasattr(config, "vision_config")
        processor = (AutoProcessor if sees else AutoTokenizer).from_pretrained(source, **origin)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"the model {source} cannot be read: {error}. Give a hub id or a folder with "
            "config.json, weights as safetensors and a tokenizer"
        ) from error
    _require_writer(config, processor, str(source))
    require_chat(processor, str(source))
    return processor


def _require_writer(config: Any, processor: Any, name: str) -> None:
    """Refuse a family whose responses do not go on with their prompt.

    Raises:
        ModelError: Names the family.
    """
    if getattr(config, "is_encoder_decoder", False):
        reason = "is an encoder-decoder, whose responses do not continue their prompt"
    elif type(config) not in model_class(processor)._model_mapping and not _has_code(config):
        reason = "has no model in transformers that writes text"
    else:
        return
    raise ModelError(
        f"the model {name} is of the family {config.model_type}, which {reason}: use a causal "
        "language model or an image-text-to-text model; docs/models.md has those that work"
    )


def _has_code(config: Any) -> bool:
    """Whether the source brings Python code of its own, which loading runs only if asked."""
    return bool(getattr(config, "auto_map", None))


def bound_pixels(policy: Policy, smallest: int | None, largest: int | None) -> None:
    """Let a policy's processor scale images into a range of pixels; saved with the policy.

    Args:
        policy: The policy whose processor is changed.
        smallest: Pixels of the smallest image; None leaves the processor's own bound.
        largest: The same of the largest.

    Raises:
        ModelError: The processor reads no images, or does not scale them by their pixels.
    """
    bounds = {"shortest_edge": smallest, "longest_edge": largest}
    wanted = {name: pixels for name, pixels in bounds.items() if pixels is not None}
    if not wanted:
        return
    processor: Any = getattr(policy.processor, "image_processor", None)
    size = dict(getattr(processor, "size", None) or {})
    # Processors of the Qwen family keep numbers of pixels under these names; others mean sides.
    if not hasattr(processor, "merge_size") or not wanted.keys() <= size.keys():
        raise ModelError(
            f"min_pixels and max_pixels are declared, and {type(policy.processor).__name__} does "
            "not scale images by their pixels: leave them out"
        )
    processor.size = type(processor.size)(**{**size, **wanted})
