"""A tiny Mllama with its processor."""

from typing import Any

import transformers as hf
from torch import nn

from tests.families.sizes import PATCH, SIDE, text_config
from tests.families.tokenizers import chat_template, family_tokenizer


def mllama() -> tuple[Any, Any]:
    """Mllama (Llama 3.2 Vision): images are read by cross-attention, not as tokens."""
    tokenizer = family_tokenizer("<|image|>")
    text = text_config(tokenizer, num_hidden_layers=3, cross_attention_layers=[1])
    # As in the released models, the image token has an embedding and no logit.
    tokenizer.add_tokens("<|image|>", special_tokens=True)
    image = tokenizer.convert_tokens_to_ids("<|image|>")
    assert image == text["vocab_size"]
    del text["head_dim"]
    config = hf.MllamaConfig(
        text_config=text,
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_global_layers": 1,
            "attention_heads": 2,
            "intermediate_layers_indices": [0],
            "vision_output_dim": 32,
            "image_size": SIDE,
            "patch_size": PATCH,
            "max_num_tiles": 4,
            "supported_aspect_ratios": [
                [width, height] for width in range(1, 5) for height in range(1, 4 // width + 1)
            ],
            "initializer_range": 0.2,
        },
        image_token_index=image,
    )
    side = {"height": SIDE, "width": SIDE}
    processor = hf.MllamaProcessor(
        image_processor=hf.MllamaImageProcessor(size=side, max_image_tiles=4),
        tokenizer=tokenizer,
        chat_template=chat_template("<|image|>"),
    )
    model = hf.MllamaForConditionalGeneration(config)
    # Fresh gates are 0, and the model would be blind.
    for name, parameter in model.named_parameters():
        if "gate" in name and parameter.numel() == 1:
            nn.init.constant_(parameter, 0.5)
    return model, processor
