"""Writes a policy as files that vLLM loads, also while it runs."""

import json
from pathlib import Path

from safetensors.torch import save_file

from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.weights import save_weights

_HEAD = "head.safetensors"


def write_model(policy: Policy, folder: Path) -> None:
    """Write config, tokenizer, processor and weights into an empty folder.

    A head that shares the embedding's weights is written as one of its own. vLLM copies a shared
    one into the layout of its kernels when it starts, and does not when it reloads (0.32 on a
    processor): the old head would go on over the new layers.
    """
    policy.save(folder)
    _drop_index(folder)
    head = _shared_head(policy)
    if head is None:
        return
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for part in (config, config.get("text_config", {})):
        part["tie_word_embeddings"] = False
    path.write_text(json.dumps(config))
    _write_head(policy, head, folder)


def write_weights(policy: Policy, folder: Path) -> None:
    """Write the weights alone, as `write_model` does."""
    save_weights(policy.model, folder)
    _drop_index(folder)
    head = _shared_head(policy)
    if head is not None:
        _write_head(policy, head, folder)


def drop_weights(folder: Path) -> None:
    """Once they are loaded: a large model's would fill a memory-backed folder."""
    for file in folder.glob("*.safetensors"):
        file.unlink()


def _drop_index(folder: Path) -> None:
    """Remove the index of several files: vLLM would read only those, and miss the head."""
    for file in folder.glob("*.safetensors.index.json"):
        file.unlink()


def _shared_head(policy: Policy) -> str | None:
    """Name of the head if its weights are the embedding's."""
    head, embedding = policy.model.get_output_embeddings(), policy.model.get_input_embeddings()
    if head.weight is not embedding.weight:
        return None
    return next(name for name, module in policy.model.named_modules() if module is head)


def _write_head(policy: Policy, name: str, folder: Path) -> None:
    weight = policy.model.get_output_embeddings().weight.detach().contiguous()
    save_file({f"{name}.weight": weight}, folder / _HEAD)
