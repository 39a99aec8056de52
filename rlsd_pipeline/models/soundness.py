"""Checks a base model before anything is computed with it."""

from typing import Any

from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.policy import Policy


def require_sound(policy: Policy, name: str) -> None:
    """Refuse a model whose weights are no numbers, or whose tokenizer names tokens it lacks.

    Both pass loading in silence: the first samples noise, the second reads or writes a row that
    the embedding does not have, which ends in an index error iterations later.

    Args:
        policy: The model with its tokenizer.
        name: What messages call it.

    Raises:
        ModelError: Names the tensor, or the token and the size of the embedding.
    """
    _require_finite(policy.model, name)
    _require_rows(policy, name)


def _require_finite(model: Any, name: str) -> None:
    for tensor, weights in model.named_parameters():
        if not weights.isfinite().all():
            count = int((~weights.isfinite()).sum())
            raise ModelError(
                f"the weights of {name} hold {count:,} values in {tensor} that are nan or "
                "infinite, so every probability would be: the file is damaged, or its training "
                "diverged; take an earlier checkpoint or download it again"
            )


def _require_rows(policy: Policy, name: str) -> None:
    rows = policy.model.get_input_embeddings().weight.shape[0]
    vocabulary: dict[str, int] = policy.tokenizer.get_vocab()
    beyond = {token: number for token, number in vocabulary.items() if number >= rows}
    if beyond:
        token = min(beyond, key=lambda each: beyond[each])
        raise ModelError(
            f"the tokenizer of {name} has {len(beyond):,} tokens beyond the {rows:,} rows of the "
            f"model's embedding, first {token!r} ({beyond[token]}): it belongs to another model, "
            "or tokens were added to it alone; save the two together after "
            "`model.resize_token_embeddings(len(tokenizer))`"
        )
