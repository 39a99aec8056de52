"""Policies from a folder or the Hugging Face hub."""

from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
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
        dtype: Of the weights; `auto` keeps the stored one.
        revision: Commit of a hub id.
        trust_remote_code: Run Python code of the source.

    Raises:
        ModelError: There is no such model, or its tokenizer lacks a chat template or an end token.
    """
    processor = load_processor(source, revision=revision, trust_remote_code=trust_remote_code)
    model, report = model_class(processor).from_pretrained(
        source,
        dtype=dtype,
        use_safetensors=True,
        revision=revision,
        trust_remote_code=trust_remote_code,
        output_loading_info=True,
    )
    # transformers only warns, and fills what is missing with random numbers.
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise ModelError(
            f"the weights of {source} lack {len(missing)} tensors of {type(model).__name__}, first "
            f"{missing[0]}: the files are incomplete, or made for another architecture"
        )
    return Policy(model, processor)


def model_class(processor: Any) -> Any:
    """The class of transformers that loads the model of a processor or tokenizer."""
    sees = hasattr(processor, "image_processor")
    return AutoModelForImageTextToText if sees else AutoModelForCausalLM


def load_processor(
    source: str | Path, *, revision: str | None = None, trust_remote_code: bool = False
) -> Any:
    """Load a processor, or the tokenizer of a text model, and check that it can hold a chat.

    Raises:
        ModelError: There is no such model, or its tokenizer lacks a chat template or an end token.
    """
    origin = {"revision": revision, "trust_remote_code": trust_remote_code}
    try:
        config = AutoConfig.from_pretrained(source, **origin)
        sees = hasattr(config, "vision_config")
        processor = (AutoProcessor if sees else AutoTokenizer).from_pretrained(source, **origin)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the model {source} cannot be read: {error}. Give a hub id or a folder with "
            "config.json, weights as safetensors and a tokenizer"
        ) from error
    require_chat(processor, str(source))
    return processor
