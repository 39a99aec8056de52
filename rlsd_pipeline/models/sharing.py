"""Decides whether the responses of a model can share their prompt's cache."""

import inspect
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer


def decoder(model: PreTrainedModel) -> Any:
    """The part that reads token ids and gives hidden states, without vision and without head."""
    return model.get_decoder()


def forward_arguments(module: Any) -> frozenset[str]:
    """Names of what a module's forward takes."""
    return _parameters(type(module).forward)


@cache
def _parameters(forward: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(forward).parameters)


def can_share_prefix(model: PreTrainedModel) -> bool:
    """Whether responses can continue the cache of their prompt; warns where they cannot.

    Prompts of unequal length are padded. Attention leaves the padding out; a recurrent state would
    take it in.
    """
    reason = _obstacle(model)
    if reason is not None:
        warnings.warn(
            f"{type(model).__name__} {reason}, so its prompts cannot be shared by their responses: "
            "they are run again for each response, which gives the same numbers more slowly",
            stacklevel=2,
        )
    return reason is None


def _obstacle(model: PreTrainedModel) -> str | None:
    missing = {"position_ids", "past_key_values"} - forward_arguments(decoder(model))
    if missing:
        return f"takes no {' and no '.join(sorted(missing))}"
    if getattr(model, "_is_stateful", False):
        return "keeps a recurrent state"
    if images_by_row(model):
        return "reads images by cross-attention, whose mask goes on with the response"
    other = {type(layer) for layer in _layers(model)} - {DynamicLayer, DynamicSlidingWindowLayer}
    if other:
        names = ", ".join(sorted(kind.__name__ for kind in other))
        return f"caches more than plain attention ({names})"
    text = model.config.get_text_config(decoder=True)
    if "chunked_attention" in (getattr(text, "layer_types", None) or ()):
        return "attends in chunks, which begin at other places behind padding"
    if getattr(text, "num_kv_shared_layers", 0):
        return "shares keys and values between its layers"
    return None


def has_sliding_window(model: PreTrainedModel) -> bool:
    """Whether a layer attends to the last tokens only.

    A window counts tokens, so none of them may be padding: prompts are padded on the left, where
    no window of a real token reaches past the prompt's first.
    """
    return any(isinstance(layer, DynamicSlidingWindowLayer) for layer in _layers(model))


def images_by_row(model: PreTrainedModel) -> bool:
    """Whether each row of a batch has images of its own, so that rows must have as many of them.

    Mllama's tokens attend to all images of their row, the padding among them where a mask leaves
    none over: rows with other numbers of images would change each other.
    """
    return "cross_attention_mask" in forward_arguments(model.base_model)


def _layers(model: PreTrainedModel) -> list[Any]:
    return DynamicCache(config=model.config).layers
