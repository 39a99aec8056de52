"""A tiny Llama and the GGUF file of it, written as llama.cpp's converter does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.tiny_qwen3_vl import CHAT_TOKENS, train_tokenizer

gguf = pytest.importorskip("gguf", reason="the extra `gguf` is not installed: make test-smollm")
pytest.importorskip("accelerate", reason="the extra `gguf` is not installed: make test-smollm")

TEXTS = ("what is 12 + 7? 12 + 7 = 19", "<think>add</think><answer>19</answer>")
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


@pytest.fixture(scope="session")
def llama() -> Policy:
    """What the file holds."""
    tokenizer = train_tokenizer(TEXTS, 300)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            initializer_range=0.2,
            tie_word_embeddings=False,
            rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        return Policy(LlamaForCausalLM(config), tokenizer)


@pytest.fixture(scope="session")
def write_gguf(llama: Policy) -> Callable[..., Path]:
    """Writes the file; `rule`, `eot`, `template` and `left_out` change what it says."""

    def write(
        path: Path,
        *,
        quantised: tuple[str, ...] = (),
        rule: str = "smollm",
        eot: int | None = None,
        template: str | None = None,
        left_out: str | None = None,
    ) -> Path:
        writer = gguf.GGUFWriter(path, "llama")
        config = llama.model.config
        writer.add_context_length(config.max_position_embeddings)
        writer.add_embedding_length(config.hidden_size)
        writer.add_block_count(config.num_hidden_layers)
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_head_count(config.num_attention_heads)
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_dimension_count(config.head_dim)
        writer.add_rope_freq_base(1000.0)
        writer.add_vocab_size(config.vocab_size)
        _add_tokenizer(writer, llama.tokenizer, rule, eot, template)
        for name, weight in llama.model.state_dict().items():
            if name != left_out:
                _add_tensor(writer, name, weight, config, quantised)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


def _add_tokenizer(
    writer: Any, tokenizer: Any, rule: str, eot: int | None, template: str | None
) -> None:
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    added = {token["content"]: token["special"] for token in state["added_tokens"]}
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    kinds = [1 if t not in added else 3 if added[t] or t in CHAT_TOKENS else 4 for t in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(rule)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) for merge in state["model"]["merges"]])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    if eot is not None:
        writer.add_eot_token_id(eot)
    template = tokenizer.chat_template if template is None else template
    if template:
        writer.add_chat_template(template)


def _add_tensor(
    writer: Any, name: str, weight: torch.Tensor, config: Any, quantised: tuple[str, ...]
) -> None:
    module, kind = name.rsplit(".", 1)
    if module.startswith("model.layers."):
        _, _, layer, module = module.split(".", 3)
        found = f"blk.{layer}.{NAMES[module]}.{kind}"
    else:
        found = f"{NAMES[module]}.{kind}"
    values = weight.numpy()
    heads = {"self_attn.q_proj": config.num_attention_heads}
    heads["self_attn.k_proj"] = config.num_key_value_heads
    if module in heads:
        # Rotary pairs lie side by side in the file, and half a head apart in transformers.
        rows, columns = values.shape
        halves = values.reshape(heads[module], 2, rows // heads[module] // 2, columns)
        values = np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows, columns))
    if name in quantised:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(found, gguf.quants.quantize(values, kind), raw_dtype=kind)
    else:
        writer.add_tensor(found, values)
