"""The identity of a declared model: its content, and not its location.

Nothing here needs torch, so that an experiment can be read without loading it.
"""

import json
from pathlib import Path
from typing import Any

from rlsd_pipeline.config.model import AnyModel, GGUFModel, PretrainedModel
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.identity.files import content_digest
from rlsd_pipeline.identity.hub import hub_commit
from rlsd_pipeline.models.gguf_file import gguf_digest

_CODE = (".py", ".jinja")
_INDEX = "*.safetensors.index.json"
_NOT_LOADED = (".bin", ".pt", ".pth", ".h5", ".msgpack", ".ot", ".onnx", ".gguf", ".md")
"""Endings of what no loader here reads: weights of other formats, and prose."""


def pinned(model: AnyModel) -> AnyModel:
    """The model with the commit that its hub id now names.

    Raises:
        ConfigError: The commit cannot be found out.
    """
    if not isinstance(model, PretrainedModel) or model.folder is not None:
        return model
    commit = hub_commit(model.name, model.revision, "model")
    return model.model_copy(update={"revision": commit})


def model_identity(model: AnyModel) -> dict[str, Any]:
    """The identity of a model in a manifest, as plain JSON values.

    Raises:
        ConfigError: The commit of a hub id cannot be found out.
        ModelError: A file or folder of the model cannot be read.
    """
    plain = pinned(model).model_dump(mode="json")
    if isinstance(model, GGUFModel):
        return {"type": plain["type"], "dtype": plain["dtype"], "file": gguf_digest(model)}
    if isinstance(model, PretrainedModel) and model.folder is not None:
        del plain["name"], plain["revision"]
        plain["content"] = folder_digest(model.folder)
    return plain


def folder_digest(folder: Path) -> str:
    """Digest of what a loader reads of a model's folder: configuration, tokenizer and weights.

    Raises:
        ModelError: There is no such folder, or a file of it cannot be read.
    """
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "is not there"
        raise ModelError(
            f"the model {folder} cannot be read: it {found}. Give a folder with config.json, "
            "weights as safetensors and a tokenizer; relative ones lie beside the YAML"
        )
    try:
        return content_digest(folder, _loaded(folder))
    except (OSError, ValueError) as error:
        raise ModelError(f"the model {folder} cannot be read: {error}") from error


def _shards(index: Path) -> list[str]:
    """The files of weights that an index names."""
    said = json.loads(index.read_text(encoding="utf-8"))
    shards = said.get("weight_map", {}) if isinstance(said, dict) else None
    if not (isinstance(shards, dict) and all(isinstance(name, str) for name in shards.values())):
        raise ValueError(f"{index.name} has no `weight_map` of tensors to files")
    return list(shards.values())


def _loaded(folder: Path) -> list[Path]:
    """The files that are read: those at the top, code and templates, and what an index names.

    Checkpoints of a training that lie in folders of their own are none of them.
    """
    code = [p for ending in _CODE for p in folder.rglob(f"*{ending}")]
    indexed = [folder / name for index in folder.glob(_INDEX) for name in _shards(index)]
    return [
        path
        for path in [*folder.iterdir(), *code, *indexed]
        if path.is_file()
        and path.suffix not in _NOT_LOADED
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
