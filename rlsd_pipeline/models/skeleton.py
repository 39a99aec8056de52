"""A policy without its weights: modules, buffers, processor, and the location of the weights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from transformers import AutoConfig, GenerationConfig, PreTrainedModel
from transformers.core_model_loading import revert_weight_conversion
from transformers.utils import GENERATION_CONFIG_NAME

from rlsd_pipeline.models.loading import load_policy, load_processor, model_class
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.weights import opened


class Rows(Protocol):
    """A stored tensor; `[start:stop]` reads some of its rows."""

    def __getitem__(self, rows: slice) -> Tensor: ...


def load_skeleton(source: Path) -> Policy:
    """The policy of a folder with float32 parameters on the meta device; buffers are real."""
    processor = load_processor(source)
    config = AutoConfig.from_pretrained(source)
    with _parameters_on_meta():
        model = model_class(processor).from_config(config, dtype=torch.float32)
    if (source / GENERATION_CONFIG_NAME).exists():
        # Which tokens end a response.
        model.generation_config = GenerationConfig.from_pretrained(source)
    return Policy(model, processor)


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    def to_meta(module: nn.Module, name: str, parameter: nn.Parameter) -> nn.Parameter | None:
        # One that is shared comes again, and must stay the one it is.
        if parameter is None or parameter.is_meta:
            return None
        return nn.Parameter(parameter.to("meta"), requires_grad=parameter.requires_grad)

    hook = register_module_parameter_registration_hook(to_meta)  # type: ignore[arg-type]
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def stored_weights(folder: Path, model: PreTrainedModel) -> Iterator[Callable[[str], Rows]]:
    """Reads the weights of a folder by the model's own tensor names.

    Rows are read from the files one by one, except where transformers would make one tensor out of
    several: such a model is loaded whole, into the CPU's memory.

    Args:
        folder: Holds weights as safetensors.
        model: A skeleton of the same architecture, without adapters.
    """
    keys = _disk_names(model)
    with opened(sorted(folder.glob("*.safetensors"))) as tensors:
        if all(key in tensors for key in keys.values()):
            yield lambda name: tensors[keys[name]]()
        else:
            yield load_policy(folder, dtype=torch.float32).model.state_dict().__getitem__


def _disk_names(model: PreTrainedModel) -> dict[str, str]:
    """Tensor name -> its name on disk; empty-handed names stand for tensors made of several."""
    tensors = {name: torch.empty_like(value, device="meta") for name, value in _unique(model)}
    stored = {id(value): key for key, value in revert_weight_conversion(model, tensors).items()}
    return {name: stored.get(id(value), "") for name, value in tensors.items()}


def _unique(model: PreTrainedModel) -> list[tuple[str, Tensor]]:
    """The tensors of a checkpoint: parameters, each once, and persistent buffers."""
    kept = model.state_dict(keep_vars=True)
    names = {name for name, _ in [*model.named_parameters(), *model.named_buffers()]}
    return [(name, value) for name, value in kept.items() if name in names]
