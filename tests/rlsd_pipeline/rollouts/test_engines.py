"""The declared engines: what is refused, and what decides a draw."""

import pytest

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.rollouts.engines.openai import OpenAIEngine
from rlsd_pipeline.rollouts.engines.transformers import TransformersEngine
from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine
from rlsd_pipeline.rollouts.served_weights import ReloadedWeights

ARMS = [{"weighting": {"type": "grpo"}}]
SERVER = {"type": "openai", "base_url": "http://127.0.0.1:8000/v1/", "model": "policy"}


def declared(**changes: object) -> ExperimentConfig:
    return validate(ExperimentConfig, {"arms": ARMS, **changes}, source="defs.yaml")


def message(**changes: object) -> str:
    with pytest.raises(ConfigError) as error:
        declared(**changes)
    return str(error.value)


def test_the_engine_is_transformers_unless_declared() -> None:
    assert declared().engine == TransformersEngine()
    assert isinstance(declared(engine={"type": "vllm"}).engine, VLLMEngine)
    found = declared(engine=SERVER).engine
    assert isinstance(found, OpenAIEngine)
    assert found.base_url == "http://127.0.0.1:8000/v1"


def test_an_unknown_engine_is_named_with_the_nearest() -> None:
    assert "engine.type: unknown type 'vlm'; did you mean 'vllm'?" in message(
        engine={"type": "vlm"}
    )
    assert "did you mean 'tensor_parallel_size'?" in message(
        engine={"type": "vllm", "tensor_paralel_size": 2}
    )


@pytest.mark.parametrize("name", ["model", "dtype", "logprobs_mode", "tensor_parallel_size"])
def test_an_option_may_not_override_what_is_declared_elsewhere(name: str) -> None:
    assert f"'{name}' is set by the engine's own keys" in message(
        engine={"type": "vllm", "options": {name: 1}}
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"base_url": "localhost:8000"}, "must be an http or https address"),
        ({"base_url": "http://user:key@host/v1"}, "must hold no user, key"),
        ({"max_engine_gap": 0}, "greater than 0"),
        ({"weights": {"type": "reload"}}, "did you mean 'reloaded'?"),
        ({"weights": {"type": "reloaded"}}, "engine.weights.folder: required"),
    ],
)
def test_a_server_is_declared_wholly(change: dict[str, object], said: str) -> None:
    assert said in message(engine=SERVER | change)


def test_one_server_holds_the_weights_of_one_arm_at_a_time() -> None:
    engine = SERVER | {"weights": {"type": "reloaded", "folder": "/weights"}}
    found = declared(engine=engine).engine
    assert isinstance(found, OpenAIEngine)
    assert isinstance(found.weights, ReloadedWeights)
    assert "compute.processes" in message(engine=engine, compute={"type": "local", "processes": 2})


def test_what_changes_speed_alone_is_no_part_of_the_identity() -> None:
    fast = {
        "batch_prompts": 7,
        "tensor_parallel_size": 4,
        "data_parallel_size": 2,
        "gpu_memory_utilization": 0.8,
        "max_model_len": 9000,
    }
    assert VLLMEngine(**fast).identity == VLLMEngine().identity
    assert VLLMEngine(dtype="bfloat16").identity != VLLMEngine().identity
    quantized = VLLMEngine(options={"quantization": "fp8"})
    assert quantized.identity != VLLMEngine().identity
    assert TransformersEngine(batch_prompts=1).identity == {"type": "transformers"}
    moved = OpenAIEngine(base_url="http://elsewhere/v1", model="policy", concurrency=2)
    assert (
        moved.identity == OpenAIEngine(**SERVER).identity == {"type": "openai", "model": "policy"}
    )
