"""Checkpoints of several files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.skeleton import load_skeleton, stored_weights
from rlsd_pipeline.models.weights import (
    opened,
    other_files,
    save_optimizer,
    save_weights,
    weight_files,
)

Build = Callable[[str], Policy]


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("weights", "policy"):
        monkeypatch.setattr(f"rlsd_pipeline.models.{module}.FILE_BYTES", 40_000)


@pytest.mark.parametrize("name", ["qwen3_vl", "llama"])
def test_a_policy_in_several_files(
    build: Build, tmp_path: Path, small_files: None, name: str
) -> None:
    policy = build(name)
    files = policy.save(tmp_path)
    weights = weight_files(files)
    assert len(weights) > 2
    assert weights[0] == f"model-00001-of-{len(weights):05d}.safetensors"
    assert set(files) == {*weights, *other_files(files), "model.safetensors.index.json"}
    found = dict(load_policy(tmp_path).model.named_parameters())
    skeleton = load_skeleton(tmp_path)
    with stored_weights(tmp_path, skeleton.model) as stored:
        for key, value in policy.model.named_parameters():
            assert torch.equal(found[key], value)
            assert torch.equal(stored(key)[1:3], value[1:3])
    paths = [tmp_path / each for each in weights]
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())["weight_map"]
    with opened(paths) as tensors:
        assert tensors.keys() == index.keys()


@pytest.mark.parametrize("name", ["qwen3_vl", "llama", "qwen3"])
def test_a_skeleton_writes_what_the_policy_writes(build: Build, tmp_path: Path, name: str) -> None:
    policy = build(name)
    policy.save(tmp_path)
    skeleton = load_skeleton(tmp_path)
    assert all(parameter.is_meta for parameter in skeleton.model.parameters())
    buffers = dict(skeleton.model.named_buffers())
    for key, value in policy.model.named_buffers():
        assert torch.equal(buffers[key], value)
    tied = policy.model.config.tie_word_embeddings
    head = skeleton.model.get_output_embeddings().weight
    assert (head is skeleton.model.get_input_embeddings().weight) == tied
    state = {key: value.detach() for key, value in policy.model.named_parameters()}
    (tmp_path / "again").mkdir()
    assert save_weights(skeleton.model, tmp_path / "again", state) == ["model.safetensors"]
    again = (tmp_path / "again" / "model.safetensors").read_bytes()
    assert again == (tmp_path / "model.safetensors").read_bytes()


def test_optimizer_state_in_several_files(tmp_path: Path, small_files: None) -> None:
    state = {f"p{number}/exp_avg": torch.rand(4000) for number in range(6)}
    state["p9/exp_avg"] = torch.rand(20_000)
    names = save_optimizer(tmp_path, state.items())
    assert names == [f"optimizer-{number:05d}-of-00004.safetensors" for number in (1, 2, 3, 4)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    parts = [load_file(tmp_path / name) for name in names]
    assert [len(part) for part in parts] == [2, 2, 2, 1]
    joined = {key: value for part in parts for key, value in part.items()}
    assert all(torch.equal(joined[key], value) for key, value in state.items())


def test_little_state_is_one_file(tmp_path: Path) -> None:
    assert save_optimizer(tmp_path, [("p/step", torch.ones(1))]) == ["optimizer.safetensors"]
    assert save_optimizer(tmp_path, []) == ["optimizer.safetensors"]
