"""The parts of a configuration that most families have."""

from typing import Any

from transformers import PreTrainedTokenizerFast

SIDE, PATCH = 32, 8
HIDDEN = 32


def text_config(tokenizer: PreTrainedTokenizerFast, **more: Any) -> dict[str, Any]:
    """A language model of two layers."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 4096,
        "initializer_range": 0.2,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
        **more,
    }


def vision_config(**more: Any) -> dict[str, Any]:
    """A vision tower of two layers."""
    return {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": PATCH,
        "initializer_range": 0.2,
        **more,
    }


def token_ids(tokenizer: PreTrainedTokenizerFast, **tokens: str) -> dict[str, int]:
    """Token ids by the name that a configuration has for them."""
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in tokens.items()}
