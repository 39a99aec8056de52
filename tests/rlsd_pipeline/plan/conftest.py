"""A small Qwen3-VL with real weights, and what its plan is held against."""

from collections.abc import Callable

import pytest
import torch
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from rlsd_pipeline.models.prefix import PromptBatch

IMAGE_TOKEN, START, END = 999, 997, 996

Build = Callable[..., Qwen3VLForConditionalGeneration]


def build(
    *, layers: int = 4, depth: int = 3, dtype: torch.dtype = torch.float32, tied: bool = False
) -> Qwen3VLForConditionalGeneration:
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": 1000,
            "hidden_size": 256,
            "intermediate_size": 768,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 64,
            "max_position_embeddings": 4096,
            "tie_word_embeddings": tied,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_interleaved": True,
                "mrope_section": [12, 10, 10],
            },
        },
        vision_config={
            "depth": depth,
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_heads": 4,
            "patch_size": 16,
            "out_hidden_size": 256,
            "deepstack_visual_indexes": [0, 1],
            "num_position_embeddings": 256,
        },
        image_token_id=IMAGE_TOKEN,
        video_token_id=998,
        vision_start_token_id=START,
        vision_end_token_id=END,
        tie_word_embeddings=tied,
    )
    torch.manual_seed(0)
    return Qwen3VLForConditionalGeneration(config).to(dtype).eval()


@pytest.fixture
def small_model() -> Build:
    """Builds a Qwen3-VL of a few million parameters."""
    return build


def prompts(
    count: int, tokens: int, image_side: int, *, padded: int = 0, dtype: torch.dtype = torch.float32
) -> PromptBatch:
    """Prompts of one length that each begin with a square image.

    Args:
        count: How many.
        tokens: Of each, image included.
        image_side: Tokens of the image along a side.
        padded: Tokens that the first prompt has less.
        dtype: Of the pixels.
    """
    image, grid = image_side**2, 2 * image_side
    ids = torch.randint(0, 900, (count, tokens))
    ids[:, 0], ids[:, 1 : 1 + image], ids[:, 1 + image] = START, IMAGE_TOKEN, END
    mask = torch.ones_like(ids)
    if padded:
        mask[0, -padded:] = 0
    return PromptBatch(
        input_ids=ids,
        attention_mask=mask,
        inputs={
            "mm_token_type_ids": (ids == IMAGE_TOKEN).long(),
            "pixel_values": torch.randn(count * grid**2, 3 * 2 * 16 * 16, dtype=dtype),
            "image_grid_thw": torch.tensor([[1, grid, grid]] * count),
        },
    )


@pytest.fixture
def image_prompts() -> Callable[..., PromptBatch]:
    """Makes prompts with images."""
    return prompts
