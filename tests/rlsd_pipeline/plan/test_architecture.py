"""Counts on the meta device against the published ones, and against real weights."""

import huggingface_hub
import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    Qwen3VLForConditionalGeneration,
)

from rlsd_pipeline.config.model import PretrainedModel, TinyQwen3VL
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer
from rlsd_pipeline.plan.architecture import count, on_meta, read_architecture
from rlsd_pipeline.plan.layout import LANGUAGE_MODEL

# As the hub states them for the safetensors of the three repositories.
PUBLISHED = {
    "Qwen/Qwen3-VL-2B-Instruct": 2_127_532_032,
    "Qwen/Qwen3-VL-4B-Instruct": 4_437_815_808,
    "Qwen/Qwen3-VL-8B-Instruct": 8_767_123_696,
}


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    # The variable is read when the hub's client is loaded, which then tries the network again and
    # again.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.mark.parametrize("name", PUBLISHED)
def test_shipped_architectures_have_the_published_size(name: str) -> None:
    assert read_architecture(PretrainedModel(name=name)).parameters == PUBLISHED[name]


def test_qwen3_vl_8b_by_hand() -> None:
    found = read_architecture(PretrainedModel(name="Qwen/Qwen3-VL-8B-Instruct"))
    # Four projections (32 query heads and 8 of keys and values, of 128), three of the feed-forward.
    weights = 4096 * (4096 + 1024 + 1024) + 4096 * 4096 + 3 * 4096 * 12288
    assert found.layer_weights == weights == 192_937_984
    assert found.layer_parameters == weights + 2 * 4096 + 2 * 128
    assert found.language == 36 * found.layer_parameters + 4096
    assert (found.embedding, found.head) == (151_936 * 4096, 151_936 * 4096)
    assert found.vision is not None
    block = 1152 * (3 * 1152) + 1152 * 1152 + 2 * 1152 * 4304
    assert found.vision.patch_weights == 27 * block + 3 * 2 * 16 * 16 * 1152
    # One merger, and one for each of the three deep layers.
    assert found.vision.merged_weights == 4 * (4608 * 4608 + 4608 * 4096)
    assert (found.vision.patches_per_token, found.vision.pixels_per_token) == (4, 1024)
    # 36 layers of keys and values of 8 heads of 128, in two bytes.
    assert found.cache_bytes(2) == 36 * 2 * 8 * 128 * 2 == 147_456


def test_what_lies_outside_the_layers() -> None:
    found = read_architecture(PretrainedModel(name="Qwen/Qwen3-VL-8B-Instruct"))
    assert found.vision is not None
    mergers = 40_119_040 + 120_377_856
    embeddings = 2 * 151_936 * 4096 + 4096
    patches = 1_770_624 + 2_654_208
    assert found.root == embeddings + mergers + patches


def test_an_adapter_needs_its_modules() -> None:
    found = read_architecture(PretrainedModel(name="Qwen/Qwen3-VL-8B-Instruct"))
    with pytest.raises(ModelError, match=r"no linear module 'q_pro'.*did you mean 'q_proj'"):
        found.adapter_parameters(8, ["q_pro"])


def test_an_adapter_by_hand() -> None:
    found = read_architecture(PretrainedModel(name="Qwen/Qwen3-VL-8B-Instruct"))
    q_o = 2 * (4096 + 4096)
    k_v = 2 * (4096 + 1024)
    feed_forward = 3 * (4096 + 12288)
    assert (
        found.adapter_parameters(64, LANGUAGE_MODEL)
        == 36 * 64 * (q_o + k_v + feed_forward)
        == 174_587_904
    )


@pytest.mark.parametrize("tied", [True, False])
def test_meta_and_real_weights_agree(small_model, tied: bool) -> None:
    real = small_model(tied=tied)
    meta = on_meta(real.config)
    assert isinstance(meta, Qwen3VLForConditionalGeneration)
    assert {p.device.type for p in meta.parameters()} == {"meta"}
    found = count(meta, "small")
    assert found.parameters == real.num_parameters() == count(real, "small").parameters
    assert found == count(real, "small")
    assert found.head == (0 if tied else 256_000)


def test_the_tiny_model_is_counted_before_its_tokenizer_is_learnt() -> None:
    config = TinyQwen3VL()
    real = build_policy(config, train_tokenizer(["a red circle"], config.vocabulary)).model
    missing = config.vocabulary - real.config.text_config.vocab_size
    expected = real.num_parameters() + missing * config.hidden_size
    assert read_architecture(config).parameters == expected


def test_a_text_model() -> None:
    config = LlamaConfig(
        vocab_size=100,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    found, real = count(on_meta(config), "llama"), LlamaForCausalLM(config)
    assert found.parameters == real.num_parameters()
    assert (found.vision, found.head, found.query, found.key_value) == (None, 0, 32, 16)
    assert not found.normalised_heads
    assert found.layer_weights == 32 * (32 + 16 + 16 + 32) + 3 * 32 * 64


def test_a_mixture_of_experts_is_refused() -> None:
    config = MixtralConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    with pytest.raises(ModelError, match="MixtralForCausalLM is not planned"):
        count(on_meta(config), "mixtral")


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ModelError, match="nobody/nothing cannot be read"):
        read_architecture(PretrainedModel(name="nobody/nothing"))


def test_no_weight_is_allocated() -> None:
    with torch.device("meta"):
        assert torch.empty(1).device.type == "meta"
    before = torch.get_default_device()
    read_architecture(PretrainedModel(name="Qwen/Qwen3-VL-8B-Instruct"))
    assert torch.get_default_device() == before
