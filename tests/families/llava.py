"""Tiny LLaVA models, each with the processor of its family."""

from typing import Any

import transformers as hf

from tests.families.sizes import PATCH, SIDE, text_config, token_ids, vision_config
from tests.families.tokenizers import chat_template, family_tokenizer


def llava() -> tuple[Any, Any]:
    """LLaVA 1.5: one picture size, features of the last layer but one."""
    tokenizer = family_tokenizer("<image>", {"image_token": "<image>"})
    config = hf.LlavaConfig(
        text_config={"model_type": "llama", **text_config(tokenizer)},
        vision_config={"model_type": "clip_vision_model", **vision_config()},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // PATCH) ** 2,
    )
    processor = hf.LlavaProcessor(
        image_processor=_clip_pictures(hf.CLIPImageProcessor),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=chat_template("<image>"),
    )
    return hf.LlavaForConditionalGeneration(config), processor


def _clip_pictures(kind: Any, **more: Any) -> Any:
    side = {"height": SIDE, "width": SIDE}
    return kind(size={"shortest_edge": SIDE}, crop_size=side, **more)


_PINPOINTS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]


def llava_next() -> tuple[Any, Any]:
    """LLaVA-NeXT: tiles by the picture's own size, which the model must know."""
    tokenizer = family_tokenizer("<image>", {"image_token": "<image>"})
    config = hf.LlavaNextConfig(
        text_config={"model_type": "mistral", **text_config(tokenizer, sliding_window=None)},
        vision_config={"model_type": "clip_vision_model", **vision_config()},
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=_PINPOINTS,
    )
    processor = hf.LlavaNextProcessor(
        image_processor=_clip_pictures(hf.LlavaNextImageProcessor, image_grid_pinpoints=_PINPOINTS),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=chat_template("<image>"),
    )
    return hf.LlavaNextForConditionalGeneration(config), processor


def llava_onevision() -> tuple[Any, Any]:
    """LLaVA-OneVision: tiles where a prompt has one picture, none where it has several."""
    tokenizer = family_tokenizer("<image>", others=("<image>", "<video>"))
    config = hf.LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **text_config(tokenizer)},
        vision_config={
            "model_type": "siglip_vision_model",
            **vision_config(vision_use_head=False),
        },
        **token_ids(tokenizer, image_token_index="<image>", video_token_index="<video>"),
        image_grid_pinpoints=_PINPOINTS,
    )
    side = {"height": SIDE, "width": SIDE}
    processor = hf.LlavaOnevisionProcessor(
        image_processor=hf.LlavaOnevisionImageProcessor(size=side, image_grid_pinpoints=_PINPOINTS),
        tokenizer=tokenizer,
        video_processor=hf.LlavaOnevisionVideoProcessor(size=side),
        num_image_tokens=(SIDE // PATCH) ** 2,
        vision_feature_select_strategy="full",
        chat_template=chat_template("<image>"),
    )
    return hf.LlavaOnevisionForConditionalGeneration(config), processor
