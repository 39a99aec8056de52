"""What vLLM reads of a policy, and what is said where it is not installed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines import vllm
from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine
from rlsd_pipeline.rollouts.running_vllm import engine_arguments
from rlsd_pipeline.rollouts.vllm_files import drop_weights, write_model, write_weights


def score(policy: Policy) -> list[list[float]]:
    batch = ScoringBatch([policy.encode("what colour?")], [0], [[40, 41, 42]])
    return completion_logprobs(policy, batch)


@pytest.mark.parametrize("name", ["qwen3", "qwen3_vl", "llama"])
def test_a_shared_head_is_written_as_one_of_its_own(
    build: Callable[[str], Policy], tmp_path: Path, name: str
) -> None:
    policy = build(name)
    write_model(policy, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert not config["tie_word_embeddings"]
    assert not config.get("text_config", {}).get("tie_word_embeddings", False)
    tensors = {}
    for file in tmp_path.glob("*.safetensors"):
        tensors |= load_file(file)
    head = policy.model.get_output_embeddings().weight
    assert torch.equal(tensors["lm_head.weight"], head)
    if name == "llama":
        assert score(load_policy(tmp_path)) == score(policy)


def test_new_weights_replace_the_old_ones(build: Callable[[str], Policy], tmp_path: Path) -> None:
    policy = build("qwen3")
    write_model(policy, tmp_path)
    drop_weights(tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))
    with torch.no_grad():
        policy.model.get_input_embeddings().weight.mul_(2)
    write_weights(policy, tmp_path)
    head = load_file(tmp_path / "head.safetensors")["lm_head.weight"]
    assert torch.equal(head, policy.model.get_input_embeddings().weight)
    whole = load_file(tmp_path / "model.safetensors")
    assert torch.equal(whole["model.embed_tokens.weight"], head)


def test_the_engine_is_asked_for_what_is_declared(
    build: Callable[[str], Policy], tmp_path: Path
) -> None:
    declared = VLLMEngine(
        tensor_parallel_size=4,
        data_parallel_size=2,
        gpu_memory_utilization=0.3,
        max_model_len=8192,
        options={"max_num_seqs": 512},
    )
    asked = engine_arguments(declared, build("qwen3"), tmp_path)
    assert asked["model"] == asked["tokenizer"] == str(tmp_path)
    assert (asked["tensor_parallel_size"], asked["data_parallel_size"]) == (4, 2)
    assert (asked["gpu_memory_utilization"], asked["max_model_len"]) == (0.3, 8192)
    assert asked["dtype"] == "float32", "the policy's own"
    assert asked["logprobs_mode"] == "processed_logprobs"
    assert asked["enable_prefix_caching"] is True
    assert asked["max_num_seqs"] == 512
    half = declared.model_copy(update={"dtype": "bfloat16"})
    assert engine_arguments(half, build("qwen3"), tmp_path)["dtype"] == "bfloat16"


def test_a_missing_vllm_is_named_with_the_command(
    text_policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = SamplingRequest([text_policy.encode("what?")], ["a"], 1, 4, 1.0, seed=0)
    monkeypatch.setattr(vllm, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install -e '\.\[vllm\]'"):
        VLLMEngine().sample(text_policy, request)
