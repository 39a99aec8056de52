"""Tiny text models of transformers, each of another kind of attention, feed-forward or state."""

from typing import Any

import transformers as hf

from tests.families.sizes import text_config
from tests.families.tokenizers import family_tokenizer


def _built(name: str, **more: Any) -> tuple[Any, Any]:
    tokenizer = family_tokenizer()
    config = getattr(hf, f"{name}Config")(**text_config(tokenizer, **more))
    return getattr(hf, f"{name}ForCausalLM")(config), tokenizer


def qwen3() -> tuple[Any, Any]:
    """Qwen3."""
    return _built("Qwen3")


def llama() -> tuple[Any, Any]:
    """Llama."""
    return _built("Llama")


def gemma() -> tuple[Any, Any]:
    """Gemma, whose embedding is its head."""
    return _built("Gemma", tie_word_embeddings=True)


def mistral() -> tuple[Any, Any]:
    """Mistral, whose attention sees a window."""
    return _built("Mistral", sliding_window=6)


def mixtral() -> tuple[Any, Any]:
    """Mixtral: a mixture of experts."""
    return _built("Mixtral", num_local_experts=4, sliding_window=None)


def qwen3_moe() -> tuple[Any, Any]:
    """Qwen3-MoE: a mixture of experts."""
    return _built("Qwen3Moe", num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16)


def mamba() -> tuple[Any, Any]:
    """Mamba: a recurrent state in place of a cache."""
    tokenizer = family_tokenizer()
    config = hf.MambaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        state_size=4,
        num_hidden_layers=2,
        initializer_range=0.2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return hf.MambaForCausalLM(config), tokenizer
