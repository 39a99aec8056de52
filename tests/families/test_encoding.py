"""What reaches a model is what its own processor makes of the chat, and its images are seen."""

import io

import pytest
import torch
from PIL import Image

from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from tests.families.families import FAMILIES, Family
from tests.families.journey import ASKED, picture

_IDEFICS = {"<fake_token_around_image>", "<image>", "<global-img>"} | {
    f"<row_{row}_col_{column}>" for row in range(1, 4) for column in range(1, 4)
}
_QWEN = {"<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"}
PLACEHOLDERS = {
    "Qwen2-VL": _QWEN,
    "Qwen2.5-VL": _QWEN,
    "Qwen3-VL": _QWEN,
    "LLaVA": {"<image>"},
    "LLaVA-NeXT": {"<image>"},
    "LLaVA-OneVision": {"<image>", "<video>"},
    "InternVL": {"<img>", "</img>", "<IMG_CONTEXT>", "<video>"},
    "Gemma 3": {"<start_of_image>", "<end_of_image>", "<image_soft_token>"},
    "Idefics 3": _IDEFICS,
    "SmolVLM": _IDEFICS,
    # Its image token has no logit, so nothing could sample it.
    "Mllama (Llama 3.2 Vision)": set(),
}
SEEING = [family for family in FAMILIES if family.name in PLACEHOLDERS]


@pytest.fixture(scope="module", params=SEEING, ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> Family:
    return request.param


@pytest.fixture(scope="module")
def policy(family: Family) -> Policy:
    return family.policy()


@pytest.mark.parametrize(("text", "sizes"), ASKED)
def test_a_prompt_is_what_transformers_makes_of_the_chat(
    policy: Policy, text: str, sizes: tuple[tuple[int, int], ...]
) -> None:
    """By the processor's own `apply_chat_template`, which takes the pictures with the messages."""
    encoded = [picture(*size) for size in sizes]
    pictures = [Image.open(io.BytesIO(each)) for each in encoded]
    parts = [{"type": "image", "image": each} for each in pictures]
    expected = policy.processor.apply_chat_template(
        [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}],
        tokenize=True,
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )
    prompt = policy.encode(text, encoded)
    assert prompt.prompt_ids == expected.pop("input_ids")[0].tolist()
    expected.pop("attention_mask")
    assert prompt.inputs.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(prompt.inputs[name], value), name


def test_placeholders_are_suppressed_and_nothing_else(family: Family, policy: Policy) -> None:
    found = policy.tokenizer.convert_ids_to_tokens(list(policy.suppressed_token_ids))
    assert set(found) == PLACEHOLDERS[family.name]


def test_a_model_sees_each_image(policy: Policy) -> None:
    """A blind one would pass every comparison with transformers."""

    def scored(*sizes: tuple[int, int]) -> float:
        prompt: EncodedPrompt = policy.encode("which?", [picture(*size) for size in sizes])
        return completion_logprobs(policy, ScoringBatch([prompt], [0], [[60]]))[0][0]

    plain = scored((64, 64), (32, 32))
    assert abs(scored((64, 65), (32, 32)) - plain) > 1e-5
    assert abs(scored((64, 64), (32, 33)) - plain) > 1e-5
