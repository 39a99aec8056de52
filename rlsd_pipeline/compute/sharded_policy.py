"""A policy whose parameters are divided among processes, row by row (FSDP2)."""

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, Shard
from transformers.modeling_layers import GradientCheckpointingLayer

from rlsd_pipeline.compute.checkpointing import checkpoint_layer
from rlsd_pipeline.compute.job import UpdateJob
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.skeleton import Rows


def shard(policy: Policy, mesh: DeviceMesh, job: UpdateJob) -> None:
    """Divide a skeleton: each decoder layer and vision block is a unit, the rest is another.

    The loss is a sum over tokens whose weights are those of the whole batch, so gradients are
    summed over processes, and not averaged.
    """
    precision = MixedPrecisionPolicy()
    if job.precision == "bfloat16":
        # Inputs of the whole are token tables and pixels, which are not the model's to round.
        precision = MixedPrecisionPolicy(
            param_dtype=torch.bfloat16, reduce_dtype=torch.float32, cast_forward_inputs=False
        )
    layers = [m for m in policy.model.modules() if isinstance(m, GradientCheckpointingLayer)]
    for layer in layers:
        if job.activation_checkpointing:
            checkpoint_layer(layer)
        fully_shard(layer, mesh=mesh, mp_policy=precision)
    fully_shard(policy.model, mesh=mesh, mp_policy=precision)
    for module in policy.model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)


def place(model: nn.Module, values: dict[str, Tensor], mesh: DeviceMesh) -> None:
    """Put this process's rows in place of a sharded skeleton's parameters.

    Args:
        model: Sharded, its parameters on the meta device.
        values: This process's rows of each, by parameter name.
        mesh: What it is sharded over.
    """
    made: dict[nn.Parameter, nn.Parameter] = {}
    for name, parameter in model.named_parameters():
        rows = distribute(values[name], parameter, mesh)
        made[parameter] = nn.Parameter(rows, requires_grad=parameter.requires_grad)
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            # Tied parameters stay one.
            setattr(module, name, made.get(parameter, parameter))


def distribute(rows: Tensor, like: Tensor, mesh: DeviceMesh) -> DTensor:
    """This process's rows of a tensor that is divided as `like` is."""
    rows = rows.to(mesh.device_type, torch.float32).contiguous()
    return DTensor.from_local(
        rows, mesh, [Shard(0)], run_check=False, shape=like.shape, stride=like.stride()
    )


def own_rows(stored: Rows, count: int, mesh: DeviceMesh) -> Tensor:
    """This process's rows of a stored tensor that has `count` of them."""
    size = -(-count // mesh.size())
    start = min(mesh.get_local_rank() * size, count)
    return stored[start : min(start + size, count)]


def local_rows(value: Tensor) -> Tensor:
    """This process's rows."""
    return value.to_local() if isinstance(value, DTensor) else value


def whole(value: Tensor) -> Tensor:
    """The rows of all processes."""
    return value.full_tensor() if isinstance(value, DTensor) else value
