"""Tiny text policies for a real vLLM on the processor; `make test-vllm` builds what it needs."""

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest
import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.tiny_qwen3_vl import train_tokenizer
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine

TEXTS = (
    "what is 3 plus 4? how many apples are left? is 7 even? which is larger, 12 or 21?",
    "<think>3 plus 4 is 7. 7 is odd.</think><answer>no</answer>",
)
# A gigabyte of cache is enough, and compiling a model of two layers takes longer than running it.
CPU = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "TORCH_COMPILE_DISABLE": "1",
}
ENGINE = {"type": "vllm", "max_model_len": 256, "options": {"enforce_eager": True}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("vllm") is None:
        reason = "vLLM is not installed; `make test-vllm` builds an environment that has it"
        for item in items:
            if item.path.parent.name == "vllm":
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def on_the_processor() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in CPU.items():
            monkeypatch.setenv(name, os.environ.get(name, value))
        yield


@pytest.fixture(scope="session")
def declared() -> dict[str, object]:
    """The engine as an experiment declares it."""
    return ENGINE


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(TEXTS, 300)


@pytest.fixture(scope="session")
def build(tokenizer: PreTrainedTokenizerFast) -> Callable[..., Policy]:
    """Builds an untrained Qwen3 of float32 by its seed; its head is the embedding unless untied."""
    config = dict(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=512,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )

    def build(seed: int, *, tied: bool = True) -> Policy:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = Qwen3ForCausalLM(Qwen3Config(**config, tie_word_embeddings=tied))
            return Policy(model, tokenizer)

    return build


@pytest.fixture(scope="session")
def policy(build: Callable[..., Policy]) -> Policy:
    return build(0)


@pytest.fixture(scope="session")
def request_for() -> Callable[..., SamplingRequest]:
    """Five questions of unequal length; keywords change how they are answered."""
    texts = [
        "is 7 even?",
        "what is 3 plus 4?",
        "how many apples are left? " * 4,
        "which is larger, 12 or 21?",
        "7?",
    ]

    def request_for(policy: Policy, **changes: object) -> SamplingRequest:
        prompts = [policy.encode(text) for text in texts]
        return SamplingRequest(prompts, texts, 4, 24, 1.0, seed=3)._replace(**changes)

    return request_for


@pytest.fixture(scope="session")
def engine() -> Iterator[VLLMEngine]:
    """One running vLLM for all tests that do not end it."""
    found = VLLMEngine.model_validate(ENGINE)
    yield found
    found.close()
