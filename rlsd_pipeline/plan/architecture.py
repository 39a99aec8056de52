"""A model without its weights: parameters and dimensions, counted on the meta device."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    PreTrainedConfig,
    PreTrainedModel,
)

from rlsd_pipeline.config.model import AnyModel, GGUFModel, PretrainedModel, TinyQwen3VL
from rlsd_pipeline.config.strict import nearest
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.gguf_file import gguf_path
from rlsd_pipeline.models.sharing import decoder

_KNOWN = {
    "Qwen/Qwen3-VL-2B-Instruct": "qwen3_vl_2b.json",
    "Qwen/Qwen3-VL-4B-Instruct": "qwen3_vl_4b.json",
    "Qwen/Qwen3-VL-8B-Instruct": "qwen3_vl_8b.json",
}
"""Hub ids whose configuration lies in `architectures/`, so that they are planned offline."""


@dataclass(frozen=True)
class VisionTower:
    """The part that reads images.

    Attributes:
        parameters: All of it.
        block_parameters: Parameters of one block.
        depth: Blocks.
        hidden: Width of a block.
        intermediate: Width of a block's feed-forward layer.
        patches_per_token: Patches merged into one token of the language model.
        pixels_per_token: Pixels of an image behind one token of the language model.
        patch_weights: Weights that are multiplied with every patch.
        merged_weights: Weights that are multiplied with every merged token.
    """

    parameters: int
    block_parameters: int
    depth: int
    hidden: int
    intermediate: int
    patches_per_token: int
    pixels_per_token: int
    patch_weights: int
    merged_weights: int


@dataclass(frozen=True)
class Architecture:
    """A causal language model, with or without a vision tower.

    Attributes:
        name: Name of the model.
        layers: Decoder layers.
        hidden: Width of the residual stream.
        intermediate: Width of the feed-forward layer.
        query: Width of all query heads together.
        key_value: Width of all key heads together; the values have the same.
        normalised_heads: Whether queries and keys pass a norm of their own.
        vocabulary: Entries of the embedding.
        layer_parameters: Parameters of one decoder layer.
        layer_weights: Of those, weights that are multiplied with every token.
        language: Parameters of all decoder layers and the last norm.
        embedding: Parameters of the embedding.
        head: Parameters of the head; 0 where it is the embedding itself.
        vision: The vision tower, where there is one.
        linear: Name of a linear module -> inputs and outputs of all modules of that name.
    """

    name: str
    layers: int
    hidden: int
    intermediate: int
    query: int
    key_value: int
    normalised_heads: bool
    vocabulary: int
    layer_parameters: int
    layer_weights: int
    language: int
    embedding: int
    head: int
    vision: VisionTower | None
    linear: Mapping[str, int]

    @property
    def root(self) -> int:
        """Parameters outside of decoder layers and vision blocks, which FSDP2 gathers together."""
        blocks = self.vision.depth * self.vision.block_parameters if self.vision else 0
        return self.parameters - self.layers * self.layer_parameters - blocks

    @property
    def parameters(self) -> int:
        """All, each counted once where they are shared."""
        vision = self.vision.parameters if self.vision else 0
        return self.language + self.embedding + self.head + vision

    @property
    def head_weights(self) -> int:
        """Weights that are multiplied with a token whose logits are asked for."""
        return self.vocabulary * self.hidden

    def cache_bytes(self, value_bytes: int) -> int:
        """Keys and values of one token in all layers."""
        return 2 * self.layers * self.key_value * value_bytes

    def adapter_parameters(self, rank: int, modules: Iterable[str]) -> int:
        """Parameters of a low-rank adapter on the linear modules of these names.

        One from m inputs to n outputs gains r (m + n) parameters (LoRA, arXiv 2106.09685, §4.1).

        Raises:
            ModelError: The model has no linear module of a name.
        """
        for name in modules:
            if name not in self.linear:
                raise ModelError(
                    f"{self.name} has no linear module {name!r} for an adapter: "
                    f"{nearest(name, self.linear, 'modules')}"
                )
        return rank * sum(self.linear[name] for name in modules)


def read_architecture(model: AnyModel) -> Architecture:
    """Count a declared model; no weight is read and none is allocated.

    The configuration is taken from the model's folder, the hub's cache, `architectures/`, and
    last the hub itself.

    Raises:
        ModelError: The configuration cannot be found, or is of a kind that is not planned.
    """
    try:
        return _read(model)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        name = getattr(model, "name", model.type)
        raise ModelError(
            f"{name} is not planned: the plan does not know its architecture ({error})"
        ) from error


def _read(model: AnyModel) -> Architecture:
    if isinstance(model, TinyQwen3VL):
        from rlsd_pipeline.models.tiny_qwen3_vl import model_config, train_tokenizer

        config: Any = model_config(model, train_tokenizer([], model.vocabulary))
        config.text_config.vocab_size = model.vocabulary
        return count(on_meta(config), model.type)
    if isinstance(model, GGUFModel):
        path = gguf_path(model)
        config = AutoConfig.from_pretrained(path.parent, gguf_file=path.name)
        return count(on_meta(config), path.name)
    return count(on_meta(_find_config(model), model.trust_remote_code), model.name)


def on_meta(config: PreTrainedConfig, trust_remote_code: bool = False) -> PreTrainedModel:
    """The model of a configuration, without storage."""
    sees = hasattr(config, "vision_config")
    model_class = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    with torch.device("meta"):
        return model_class.from_config(config, trust_remote_code=trust_remote_code)


def count(model: PreTrainedModel, name: str) -> Architecture:
    """The parameters and dimensions of a model, without its weights.

    Raises:
        ModelError: It is a mixture of experts, or keeps its decoder layers in an unknown place.
    """
    config, text = model.config.get_text_config(), decoder(model)
    layers = getattr(text, "layers", None)
    if layers is None or _experts(config):
        raise ModelError(
            f"{type(model).__name__} is not planned: the plan knows dense decoders of equal layers "
            "whose queries, keys, values and feed-forward layers all tokens pass"
        )
    heads = config.num_attention_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    inputs, outputs = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    embedding = inputs.numel()
    return Architecture(
        name=name,
        layers=len(layers),
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        query=heads * head_dim,
        key_value=(config.num_key_value_heads or heads) * head_dim,
        normalised_heads=any("q_norm" in key for key, _ in layers[0].named_parameters()),
        vocabulary=inputs.shape[0],
        layer_parameters=_size(layers[0].parameters()),
        layer_weights=_weights(layers[0]),
        language=_size(text.parameters()) - embedding,
        embedding=embedding,
        head=0 if outputs is inputs else outputs.numel(),
        vision=_vision(model),
        linear=_linear(model),
    )


def _linear(model: PreTrainedModel) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            last = name.rpartition(".")[2]
            sizes[last] = sizes.get(last, 0) + module.in_features + module.out_features
    return sizes


def _vision(model: PreTrainedModel) -> VisionTower | None:
    tower = getattr(model.base_model, "visual", None)
    if tower is None:
        if hasattr(model.config, "vision_config"):
            raise ModelError(
                f"the vision tower of {type(model).__name__} is not planned: the plan knows those "
                "of the Qwen family"
            )
        return None
    config, merge = model.config.vision_config, model.config.vision_config.spatial_merge_size
    per_patch = _weights(tower.patch_embed) + _weights(tower.blocks)
    return VisionTower(
        parameters=_size(tower.parameters()),
        block_parameters=_size(tower.blocks[0].parameters()),
        depth=config.depth,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        patches_per_token=merge**2,
        pixels_per_token=(config.patch_size * merge) ** 2,
        patch_weights=per_patch,
        merged_weights=_weights(tower) - per_patch,
    )


def _find_config(model: PretrainedModel) -> PreTrainedConfig:
    origin = {"revision": model.revision, "trust_remote_code": model.trust_remote_code}
    known = _KNOWN.get(model.name)
    try:
        return AutoConfig.from_pretrained(model.name, local_files_only=known is not None, **origin)
    except (OSError, ValueError) as error:
        if known is not None:
            return AutoConfig.from_pretrained(Path(__file__).parent / "architectures" / known)
        raise ModelError(
            f"the configuration of {model.name} cannot be read: {error}. Give a folder with its "
            f"config.json, or one of {', '.join(_KNOWN)}, which are planned without a network"
        ) from error


def _experts(config: PreTrainedConfig) -> bool:
    return any(getattr(config, name, None) for name in ("num_experts", "num_local_experts"))


def _size(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _weights(module: nn.Module) -> int:
    """Entries of all matrices that a module multiplies with."""
    multiplied = (nn.Linear, nn.Conv3d)
    return sum(m.weight.numel() for m in module.modules() if isinstance(m, multiplied))
