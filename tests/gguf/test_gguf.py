"""A policy from a GGUF file is the model that was written into it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rlsd_pipeline.config.model import GGUFModel
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.gguf import gguf_tokenizer, load_gguf
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.policy import Policy

Write = Callable[..., Path]
EMBEDDING = "model.embed_tokens.weight"


@pytest.fixture(scope="module")
def loaded(write_gguf: Write, tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path = write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")
    return load_gguf(GGUFModel(path=str(path)))


def logits(policy: Policy) -> torch.Tensor:
    with torch.no_grad():
        return policy.model(torch.tensor([[40, 41, 42, 43, 44, 45]])).logits


def test_every_weight_is_the_one_that_was_written(loaded: Policy, llama: Policy) -> None:
    found, written = loaded.model.state_dict(), llama.model.state_dict()
    assert found.keys() == written.keys()
    for name, value in written.items():
        assert torch.equal(found[name], value), name
    assert torch.allclose(logits(loaded), logits(llama), atol=1e-6)
    assert all(parameter.requires_grad for parameter in loaded.model.parameters())


def test_quantised_blocks_are_unpacked(write_gguf: Write, llama: Policy, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf", quantised=(EMBEDDING,))
    found = load_gguf(GGUFModel(path=str(path))).model.state_dict()
    # Q8_0: 32 numbers share a half-precision scale, a 127th of the largest of them.
    blocks = llama.model.state_dict()[EMBEDDING].numpy().reshape(-1, 32)
    # The row of the padding token is zero.
    scale = np.abs(blocks).max(axis=1, keepdims=True).clip(1e-9) / 127
    expected = np.round(blocks / scale) * scale.astype(np.float16).astype(np.float32)
    unpacked = found[EMBEDDING].numpy().reshape(-1, 32)
    # A number halfway between two steps may be rounded to either.
    assert (np.abs(unpacked - expected) <= 1.01 * scale).all()
    assert np.mean(np.abs(unpacked - expected) < 1e-6) > 0.99
    other = "model.layers.1.self_attn.k_proj.weight"
    assert torch.equal(found[other], llama.model.state_dict()[other])


def test_the_declared_precision(write_gguf: Write, llama: Policy, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "tiny.gguf")
    found = load_gguf(GGUFModel(path=str(path), dtype="bfloat16")).model.state_dict()
    assert torch.equal(found[EMBEDDING], llama.model.state_dict()[EMBEDDING].bfloat16())


def test_the_tokenizer_is_the_one_that_was_written(loaded: Policy, llama: Policy) -> None:
    assert loaded.tokenizer.get_vocab() == llama.tokenizer.get_vocab()
    question = "what is <|im_end|> 3 + 9?"
    prompt = loaded.encode(question).prompt_ids
    assert prompt == llama.encode(question).prompt_ids
    assert prompt[0] == llama.tokenizer.convert_tokens_to_ids("<|im_start|>")
    assert prompt.count(llama.tokenizer.eos_token_id) == 1
    assert loaded.end_token_ids == llama.end_token_ids
    response = "<think>add</think><answer>7</answer>"
    ids = loaded.tokenizer(response, add_special_tokens=False).input_ids
    assert ids == llama.tokenizer(response, add_special_tokens=False).input_ids
    assert loaded.decode(ids) == response


def test_digits_are_set_apart(loaded: Policy, write_gguf: Write, tmp_path: Path) -> None:
    def tokens(policy: Policy) -> list[str]:
        return policy.tokenizer.tokenize("is  12\n\n7")

    assert tokens(loaded)[-1] == "7"
    plain = load_gguf(GGUFModel(path=str(write_gguf(tmp_path / "b.gguf", rule="gpt-2"))))
    # Blanks before a digit stay together where it is set apart first.
    pieces = loaded.tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("is  12\n\n7")
    assert [piece for piece, _ in pieces] == ["is", "ĠĠ", "1", "2", "ĊĊ", "7"]
    pieces = plain.tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("is  12\n\n7")
    assert [piece for piece, _ in pieces] == ["is", "Ġ", "Ġ12", "Ċ", "Ċ", "7"]


def test_what_is_saved_needs_no_gguf(loaded: Policy, llama: Policy, tmp_path: Path) -> None:
    files = loaded.save(tmp_path)
    assert {"config.json", "generation_config.json", "model.safetensors"} < set(files)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert "quantization_config" not in config
    generation = json.loads((tmp_path / "generation_config.json").read_text())
    assert generation["eos_token_id"] == [llama.tokenizer.eos_token_id]
    again = load_policy(tmp_path)
    assert torch.equal(logits(again), logits(loaded))
    assert again.encode("is  12\n\n7?") == loaded.encode("is  12\n\n7?")
    assert again.end_token_ids == loaded.end_token_ids


def test_where_the_file_lay_leaves_no_mark(write_gguf: Write, tmp_path: Path) -> None:
    saved = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        path = write_gguf(tmp_path / name / "tiny.gguf")
        (tmp_path / f"{name}-saved").mkdir()
        load_gguf(GGUFModel(path=str(path))).save(tmp_path / f"{name}-saved")
        files = sorted((tmp_path / f"{name}-saved").iterdir())
        saved.append({file.name: file.read_bytes() for file in files})
    assert saved[0] == saved[1]


def test_a_second_end_token(write_gguf: Write, llama: Policy, tmp_path: Path) -> None:
    eot = llama.tokenizer.convert_tokens_to_ids("<|endoftext|>")
    found = load_gguf(GGUFModel(path=str(write_gguf(tmp_path / "a.gguf", eot=eot))))
    assert found.end_token_ids == tuple(sorted({eot, llama.tokenizer.eos_token_id}))


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"rule": "superbpe"}, r"divides text by the rule 'superbpe'.*`type: pretrained`"),
        ({"template": ""}, "has no chat template"),
    ],
)
def test_tokenizers_that_are_refused(
    write_gguf: Write, tmp_path: Path, says: dict[str, str], expected: str
) -> None:
    path = write_gguf(tmp_path / "a.gguf", **says)
    with pytest.raises(ModelError, match=expected):
        gguf_tokenizer(GGUFModel(path=str(path)))


def test_a_file_without_all_weights(write_gguf: Write, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", left_out="model.layers.1.mlp.up_proj.weight")
    with pytest.raises(ModelError, match=r"lack 1 tensors .* first model.layers.1.mlp.up_proj"):
        load_gguf(GGUFModel(path=str(path)))


def test_a_damaged_file(write_gguf: Write, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ModelError, match="damaged"):
        gguf_tokenizer(GGUFModel(path=str(path)))


def test_a_missing_library(
    write_gguf: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rlsd_pipeline.models import gguf as module

    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "gguf" else object())
    with pytest.raises(ModelError, match=r"gguf cannot be imported: run `pip install -e "):
        gguf_tokenizer(GGUFModel(path=str(write_gguf(tmp_path / "a.gguf"))))
