"""Tiny policies, and the slow way to score a response that every faster one must agree with."""

import io
import random
from collections.abc import Callable, Sequence

import pytest
import torch
from hypothesis import HealthCheck, settings
from PIL import Image
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from rlsd_pipeline.config.model import TinyQwen3VL
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer

# The same examples in every run, and no database beside the tests.
settings.register_profile(
    "rlsd",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("rlsd")

PLACEHOLDERS = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]

TEXTS = (
    "is there a red circle in the image? what colour is the shape? does it contain a triangle?",
    "<think>a red circle. asked red, seen red same, plain.</think><answer>yes</answer>",
)

Naive = Callable[..., Tensor]


def _png(width: int = 64, height: int = 64, seed: int = 0) -> bytes:
    pixels = random.Random(f"{width}/{height}/{seed}").randbytes(width * height * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _naive_distributions(
    policy: Policy, prompt: EncodedPrompt, completion_ids: Sequence[int], temperature: float = 1.0
) -> Tensor:
    """Prompt and response as one row through the whole model.

    Returns:
        Log-probability of every token at each place of the response and one further;
        `[tokens + 1, vocabulary]`.
    """
    added = len(completion_ids)
    ids = torch.tensor([[*prompt.prompt_ids, *completion_ids]])
    inputs: dict[str, Tensor | None] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if prompt.sees:
        types = prompt.inputs["mm_token_type_ids"][0].tolist()
        inputs |= {**prompt.inputs, "mm_token_type_ids": torch.tensor([[*types, *[0] * added]])}
    logits = policy.model(**inputs, use_cache=False).logits[0] / temperature
    suppressed = policy.tokenizer.convert_tokens_to_ids(PLACEHOLDERS)
    logits[:, suppressed] = float("-inf")
    return logits[len(prompt.prompt_ids) - 1 :].log_softmax(-1)


def _naive_logprobs(
    policy: Policy, prompt: EncodedPrompt, completion_ids: Sequence[int], temperature: float = 1.0
) -> Tensor:
    """Log-probability of each token of a response, one after the other; `[tokens]`."""
    rows = _naive_distributions(policy, prompt, completion_ids, temperature)
    chosen = [rows[place, token] for place, token in enumerate(completion_ids)]
    return torch.stack(chosen) if chosen else torch.zeros(0)


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    """Makes an encoded image of noise."""
    return _png


@pytest.fixture(scope="session")
def naive_distributions() -> Naive:
    return _naive_distributions


@pytest.fixture(scope="session")
def naive_logprobs() -> Naive:
    return _naive_logprobs


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(TEXTS, 300)


def _text_config(tokenizer: PreTrainedTokenizerFast) -> dict[str, object]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "initializer_range": 0.2,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


@pytest.fixture(scope="session")
def build(tokenizer: PreTrainedTokenizerFast) -> Callable[[str], Policy]:
    """Builds a tiny untrained policy by name, each time a new one with the same weights."""

    def build(name: str) -> Policy:
        if name == "qwen3_vl":
            size = {"hidden_size": 32, "intermediate_size": 48, "vision_hidden_size": 16}
            return build_policy(TinyQwen3VL(layers=2, **size), tokenizer)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            if name == "llama":
                config = LlamaConfig(**_text_config(tokenizer), tie_word_embeddings=False)
                return Policy(LlamaForCausalLM(config), tokenizer)
            config = Qwen3Config(**_text_config(tokenizer), tie_word_embeddings=True)
            return Policy(Qwen3ForCausalLM(config), tokenizer)

    return build


@pytest.fixture(scope="session")
def vision_policy(build: Callable[[str], Policy]) -> Policy:
    """A Qwen3-VL; to be read, never changed."""
    return build("qwen3_vl")


@pytest.fixture(scope="session", params=["qwen3", "llama"])
def text_policy(request: pytest.FixtureRequest, build: Callable[[str], Policy]) -> Policy:
    """A text-only policy; to be read, never changed."""
    return build(request.param)


@pytest.fixture(scope="session")
def response_tokens(tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The tokens a response may hold, the end token among them."""
    suppressed = tokenizer.convert_tokens_to_ids(PLACEHOLDERS)
    return [token for token in range(len(tokenizer)) if token not in suppressed]
