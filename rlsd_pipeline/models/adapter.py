"""Low-rank adapters: what is trained is B A, and the policy that others see is W + alpha/rank B A.

Every iteration trains the same adapter of the same base weights. The merged weights are float32,
and made from the exact ones, so rounding does not add up. Rounded to bfloat16 they would lose most
of a small update, so a model that computes in bfloat16 keeps its adapter beside the base weights.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from rlsd_pipeline.config.update import LoRAConfig
from rlsd_pipeline.errors import ModelError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"

_NAME = "default"
_LORA = ".lora_"
_BASE = "base"


def add_adapter(model: nn.Module, config: LoRAConfig) -> nn.Module:
    """Put adapters around a model's linear modules, in place; only they are trained then.

    Raises:
        ModelError: peft is not installed, or the model has no such modules.
    """
    try:
        return _peft().inject_adapter_in_model(_peft_config(config), model, low_cpu_mem_usage=True)
    except ValueError as error:
        linear = {
            name.rpartition(".")[2] for name, m in model.named_modules() if isinstance(m, nn.Linear)
        }
        raise ModelError(
            f"update.lora.target_modules {', '.join(config.target_modules)}: {error}. The model's "
            f"linear modules are called {', '.join(sorted(linear))}"
        ) from error


def adapter_shapes(model: nn.Module) -> dict[str, torch.Size]:
    """Shape of each tensor of an adapter, by parameter name."""
    return {name: p.shape for name, p in model.named_parameters() if p.requires_grad}


def new_adapter(shapes: Mapping[str, torch.Size], seed: int) -> dict[str, Tensor]:
    """An adapter that adds nothing yet: A uniform in ±1/sqrt(its inputs), B zero.

    Args:
        shapes: From `adapter_shapes`.
        seed: Decides A, wherever the adapter is made.
    """
    generator = torch.Generator().manual_seed(seed)
    values = {}
    for name in sorted(shapes):
        values[name] = torch.zeros(shapes[name])
        if ".lora_A." in name:
            bound = 1 / math.sqrt(shapes[name][1])
            values[name].uniform_(-bound, bound, generator=generator)
    return values


def place_adapter(model: PreTrainedModel, values: Mapping[str, Tensor]) -> None:
    """Give a model's adapter its values, by parameter name, on its device and in its precision."""
    placed = {name: value.to(model.device, model.dtype) for name, value in values.items()}
    model.load_state_dict(placed, strict=False, assign=True)


def base_name(name: str) -> str:
    """The name that a parameter has without adapters."""
    return name.replace(".base_layer.", ".")


def adapted(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """The modules with an adapter: name of the weight without it -> peft's module."""
    for name, module in model.named_modules():
        if hasattr(module, "lora_A") and hasattr(module, "base_layer"):
            yield f"{name}.weight", module


def added(module: Any, full_a: Tensor, rows_of_b: Tensor) -> Tensor:
    """The adapter's contribution to some rows of its module's weight; `[rows, inputs]`."""
    return module.scaling[_NAME] * (rows_of_b @ full_a)


def factors(module: Any) -> tuple[nn.Parameter, nn.Parameter]:
    """A, `[rank, inputs]`, and B, `[outputs, rank]`, of a module."""
    return module.lora_A[_NAME].weight, module.lora_B[_NAME].weight


def merged_weights(
    model: nn.Module, adapter: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor] | None:
    """Every weight in float32 by its name without adapters, with what its adapter adds.

    Args:
        model: Has adapters; for one without the result is None.
        adapter: Its adapter by parameter name; None takes the model's own.
    """
    parameters = dict(model.named_parameters())
    if not any(_LORA in name for name in parameters):
        return None
    values = adapter or {name: p.detach() for name, p in parameters.items() if _LORA in name}
    merged = {
        base_name(name): parameter.detach().float()
        for name, parameter in parameters.items()
        if _LORA not in name
    }
    for name, module in adapted(model):
        own = name.removesuffix("weight")
        a, b = (values[f"{own}{factor}.{_NAME}.weight"].float() for factor in ("lora_A", "lora_B"))
        merged[name] = merged[name] + added(module, a, b)
    return merged


@torch.no_grad()
def split(model: nn.Module, folder: Path) -> None:
    """Take an adapter out of the float32 weights that it is merged into, and set it beside them.

    Weights that were bfloat16 before the merge are the same again once they are rounded.

    Args:
        model: With merged weights; changed in place.
        folder: Where `save_adapter` wrote the adapter.
    """
    stored = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    modules = tuple(sorted(stored["target_modules"]))
    config = LoRAConfig(rank=stored["r"], alpha=stored["lora_alpha"], target_modules=modules)
    add_adapter(model, config)
    with safe_open(folder / ADAPTER_WEIGHTS, framework="pt") as file:
        values = {name: file.get_tensor(_peft_name(name)) for name in adapter_shapes(model)}
    model.load_state_dict(values, strict=False, assign=True)
    for _, module in adapted(model):
        module.base_layer.weight -= added(module, *factors(module))
    rest(model)


def rest(model: nn.Module) -> None:
    """Leave an adapter beside a model's weights to be read: gradients are again of the weights."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(_LORA not in name)


def merge(model: nn.Module) -> None:
    """Add the adapters to the weights and take them out of the model, in place."""
    for name, module in list(adapted(model)):
        a, b = factors(module)
        plain = module.base_layer
        with torch.no_grad():
            # In float32 whatever the weights' precision, rounded once.
            plain.weight.copy_(plain.weight.float() + added(module, a, b))
        parent, _, child = name.removesuffix(".weight").rpartition(".")
        setattr(model.get_submodule(parent), child, plain)
    for parameter in model.parameters():
        parameter.requires_grad_(True)


def save_adapter(
    folder: Path, adapter: Mapping[str, Tensor], config: LoRAConfig, base: str
) -> list[str]:
    """Write an adapter as peft does, with the digest of the policy it belongs to.

    Returns:
        The file names.
    """
    named = {_peft_name(name): value.contiguous() for name, value in adapter.items()}
    save_file(named, folder / ADAPTER_WEIGHTS, metadata={"format": "pt", _BASE: base})
    plain = _peft_config(config)
    plain.inference_mode = True
    plain.save_pretrained(folder)
    return [ADAPTER_CONFIG, ADAPTER_WEIGHTS]


def load_adapter(path: Path, shapes: Mapping[str, torch.Size], base: str) -> dict[str, Tensor]:
    """Read an adapter that `save_adapter` wrote, by parameter name.

    Args:
        path: The file of its weights.
        shapes: What the declared adapter has.
        base: Digest of the policy that it must belong to.

    Raises:
        ModelError: It belongs to another policy, or is another adapter than the declared one.
    """
    with safe_open(path, framework="pt") as file:
        found = file.metadata().get(_BASE)
        values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if found != base:
        raise ModelError(
            f"the adapter belongs to the policy {found}, and the arm begins with {base}: train the "
            "arm from iteration 0"
        )
    expected = {_peft_name(name): (name, shape) for name, shape in shapes.items()}
    if {n: v.shape for n, v in values.items()} != {n: shape for n, (_, shape) in expected.items()}:
        raise ModelError(
            "the policy was trained with another adapter than update.lora declares: its rank and "
            "its target_modules cannot change on the way; train the arm from iteration 0"
        )
    return {expected[name][0]: value for name, value in values.items()}


def _peft_name(name: str) -> str:
    return f"base_model.model.{name.replace(f'.{_NAME}.', '.')}"


def _peft_config(config: LoRAConfig) -> Any:
    return _peft().LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.0,
        target_modules=list(config.target_modules),
        bias="none",
    )


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise ModelError(
            "update.lora needs peft, which is not installed: pip install 'rlsd-pipeline[lora]'"
        ) from error
    return peft
