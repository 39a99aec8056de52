"""Tiny Qwen-VL models, each with the processor of its family."""

from typing import Any

import transformers as hf

from tests.families.sizes import HIDDEN, PATCH, SIDE, text_config, token_ids
from tests.families.tokenizers import chat_template, family_tokenizer

_QWEN_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
_QWEN_IDS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}


def _qwen(config_class: type, vision: dict[str, Any], name: str) -> tuple[Any, Any]:
    tokenizer = family_tokenizer(_QWEN_IMAGE, others=tuple(_QWEN_IDS.values()))
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    config = config_class(
        text_config=text_config(tokenizer, rope_parameters=rope),
        vision_config={
            "patch_size": PATCH,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "num_heads": 2,
            "initializer_range": 0.2,
            **vision,
        },
        **token_ids(tokenizer, **_QWEN_IDS),
        tie_word_embeddings=False,
    )
    size = {"shortest_edge": 4 * SIDE**2, "longest_edge": 4 * SIDE**2}
    patches = {"patch_size": PATCH, "merge_size": 2, "temporal_patch_size": 2}
    video = "Qwen3VLVideoProcessor" if name == "Qwen3VL" else "Qwen2VLVideoProcessor"
    processor = getattr(hf, f"{name}Processor")(
        image_processor=hf.Qwen2VLImageProcessor(size=size, **patches),
        tokenizer=tokenizer,
        video_processor=getattr(hf, video)(**patches),
        chat_template=chat_template(_QWEN_IMAGE),
    )
    return getattr(hf, f"{name}ForConditionalGeneration")(config), processor


def qwen2_vl() -> tuple[Any, Any]:
    """Qwen2-VL."""
    vision = {"depth": 2, "embed_dim": 16, "hidden_size": HIDDEN, "mlp_ratio": 2}
    return _qwen(hf.Qwen2VLConfig, vision, "Qwen2VL")


def qwen2_5_vl() -> tuple[Any, Any]:
    """Qwen2.5-VL, with window attention in its first vision layer."""
    vision = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 32,
        "out_hidden_size": HIDDEN,
        "window_size": 32,
        "fullatt_block_indexes": [1],
    }
    return _qwen(hf.Qwen2_5_VLConfig, vision, "Qwen2_5_VL")


def qwen3_vl() -> tuple[Any, Any]:
    """Qwen3-VL."""
    vision = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 32,
        "out_hidden_size": HIDDEN,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    return _qwen(hf.Qwen3VLConfig, vision, "Qwen3VL")
