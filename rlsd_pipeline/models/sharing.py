"""Which models can read one prompt's cache from several responses."""

import inspect
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer


def decoder(model: PreTrainedModel) -> Any:
    """The part that reads token ids and gives hidden states, without vision and without head."""
    return getattr(model.base_model, "language_model", model.base_model)


def forward_arguments(module: Any) -> frozenset[str]:
    """Names of what a module's forward takes."""
    return _parameters(type(module).forward)


@cache
def _parameters(forward: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(forward).parameters)


def can_share_prefix(model: PreTrainedModel) -> bool:
    """Whether responses can continue the cache of their prompt; warns where they cannot.

    Prompts of unequal length are padded between prompt and response. Attention leaves the padding
    out; a recurrent state would take it in, and a sliding window would count it.
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
    other = {type(layer).__name__ for layer in DynamicCache(config=model.config).layers}
    other.discard(DynamicLayer.__name__)
    return f"caches more than plain attention ({', '.join(sorted(other))})" if other else None
