"""The placeholder tokens of images, videos and sounds, which are never sampled.

A sampled placeholder would need features that do not exist. Every family names its own: in its
configuration, in its processor, and as added tokens of its tokenizer.
"""

import re
from typing import Any

from transformers import PreTrainedModel

PLACEHOLDER = re.compile(
    r"<\|(image|image_pad|video|video_pad|audio|audio_pad|vision_start|vision_end|vision_pad)\|>"
    r"|<image>|<video>|<audio>|<img>|</img>|<IMG_CONTEXT>|<image_soft_token>|<start_of_image>"
    r"|<end_of_image>|\[IMG\]|\[IMG_BREAK\]|\[IMG_END\]|<fake_token_around_image>|<global-img>"
    r"|<row_\d+_col_\d+>"
)

_MODALITY = re.compile(r"(?:^|_)(image|video|audio|vision|boi|eoi|boa|eoa|img)(?:_|$)")
_IDS = re.compile(r"_token_(id|ids|index)$")


def placeholder_ids(model: PreTrainedModel, processor: Any) -> tuple[int, ...]:
    """Token ids of all placeholders that the model's head could give, sorted."""
    tokenizer = getattr(processor, "tokenizer", processor)
    added = tokenizer.get_added_vocab()
    found = {i for token, i in added.items() if PLACEHOLDER.fullmatch(token)}
    found |= _named_ids(model.config) | _named_ids(processor)
    # Mllama's image token has an embedding and no logit.
    vocabulary = model.get_output_embeddings().weight.shape[0]
    return tuple(sorted(i for i in found if 0 <= i < vocabulary))


def image_token_ids(model: PreTrainedModel, processor: Any) -> frozenset[int]:
    """Ids of the tokens whose embedding an image's features replace."""
    names = ("image_token_id", "image_token_index")
    ids = {getattr(model.config, name, None) for name in names}
    if not any(isinstance(i, int) for i in ids):
        ids = {getattr(processor, "image_token_id", None)}
    return frozenset(i for i in ids if isinstance(i, int))


def _named_ids(holder: Any) -> set[int]:
    """Ids that attributes such as `image_token_id` and `boi_token_index` hold."""
    found: set[int] = set()
    for name in dir(holder):
        if name.startswith("__") or not (_IDS.search(name) and _MODALITY.search(name)):
            continue
        value = getattr(holder, name, None)
        values = value if isinstance(value, list | tuple) else [value]
        found.update(i for i in values if isinstance(i, int) and not isinstance(i, bool))
    return found
