"""Tiny image-text models of further families, each with the processor of its family."""

from typing import Any

import transformers as hf
from torch import nn

from tests.families.sizes import PATCH, SIDE, text_config, token_ids, vision_config
from tests.families.tokenizers import chat_template, family_tokenizer


def internvl() -> tuple[Any, Any]:
    """InternVL: tiles of one size, each of as many tokens."""
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    tokenizer = family_tokenizer("<IMG_CONTEXT>", named)
    side = {"height": SIDE, "width": SIDE}
    config = hf.InternVLConfig(
        text_config={"model_type": "qwen2", **text_config(tokenizer)},
        vision_config=vision_config(image_size=[SIDE, SIDE], patch_size=[PATCH, PATCH]),
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        tie_word_embeddings=False,
    )
    processor = hf.InternVLProcessor(
        image_processor=hf.GotOcr2ImageProcessor(size=side, crop_to_patches=True, max_patches=3),
        tokenizer=tokenizer,
        video_processor=hf.InternVLVideoProcessor(size=side),
        image_seq_length=4,
        chat_template=chat_template("<IMG_CONTEXT>"),
    )
    return hf.InternVLForConditionalGeneration(config), processor


def gemma3() -> tuple[Any, Any]:
    """Gemma 3: an image's tokens read each other, and every other layer sees a window."""
    named = {
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
    }
    tokenizer = family_tokenizer("<start_of_image>", named)
    config = hf.Gemma3Config(
        text_config=text_config(
            tokenizer,
            sliding_window=8,
            layer_types=["sliding_attention", "full_attention"],
            query_pre_attn_scalar=16,
        ),
        vision_config=vision_config(vision_use_head=False),
        mm_tokens_per_image=4,
        **token_ids(
            tokenizer,
            boi_token_index="<start_of_image>",
            eoi_token_index="<end_of_image>",
            image_token_index="<image_soft_token>",
        ),
        tie_word_embeddings=False,
    )
    processor = hf.Gemma3Processor(
        image_processor=hf.Gemma3ImageProcessor(size={"height": SIDE, "width": SIDE}),
        tokenizer=tokenizer,
        image_seq_length=4,
        chat_template=chat_template("<start_of_image>"),
    )
    model = hf.Gemma3ForConditionalGeneration(config)
    # It is 0 at first, and the model would be blind.
    nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.2)
    return model, processor


_TILES = tuple(f"<row_{row}_col_{col}>" for row in range(1, 4) for col in range(1, 4))
_IDEFICS = ("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>", *_TILES)


def _idefics(name: str, **more: Any) -> tuple[Any, Any]:
    tokenizer = family_tokenizer("<image>", others=_IDEFICS)
    config = getattr(hf, f"{name}Config")(
        text_config={"model_type": "llama", **text_config(tokenizer)},
        # SmolVLM places an image's features `patch_size` at a time, which must divide its tokens.
        vision_config=vision_config(patch_size=4),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
        scale_factor=2,
    )
    pictures = getattr(hf, f"{name}ImageProcessor")(
        size={"longest_edge": 2 * SIDE}, max_image_size={"longest_edge": SIDE}
    )
    processor = getattr(hf, f"{name}Processor")(
        image_processor=pictures,
        tokenizer=tokenizer,
        image_seq_len=16,
        chat_template=chat_template("<image>"),
        **more,
    )
    return getattr(hf, f"{name}ForConditionalGeneration")(config), processor


def idefics3() -> tuple[Any, Any]:
    """Idefics 3: as many tiles as a picture asks for."""
    return _idefics("Idefics3")


def smolvlm() -> tuple[Any, Any]:
    """SmolVLM, which descends from Idefics 3."""
    side = {"longest_edge": SIDE}
    return _idefics(
        "SmolVLM", video_processor=hf.SmolVLMVideoProcessor(size=side, max_image_size=side)
    )
