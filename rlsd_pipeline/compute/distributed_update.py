"""One process's part of an update; the same whether torchrun or Ray Train started it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors import safe_open
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor

from rlsd_pipeline.compute.job import (
    ADAPTER,
    MODEL,
    OPTIMIZER_FOLDER,
    UpdateJob,
    read_job,
    read_table,
    run_job,
)
from rlsd_pipeline.compute.result import write_metrics, write_rows
from rlsd_pipeline.compute.sharded_devices import ShardedDevices
from rlsd_pipeline.compute.sharded_policy import (
    distribute,
    local_rows,
    own_rows,
    place,
    shard,
    whole,
)
from rlsd_pipeline.models.adapter import adapted, add_adapter, added, base_name, factors
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.skeleton import load_skeleton, stored_weights
from rlsd_pipeline.progress import Progress
from rlsd_pipeline.update.policy_update import make_optimizer


def train_rank(folder: Path, report: Progress) -> None:
    """Train with the other processes of the default process group on the job in a folder.

    The caller has initialised the group and, on CUDA, chosen this process's device.

    Args:
        folder: What `write_job` wrote; the result is left there for `read_result`.
        report: Told, on rank 0 alone, how far all processes are together.
    """
    job = read_job(folder)
    speaks = dist.get_rank() == 0
    device = "cuda" if dist.get_backend() == dist.Backend.NCCL else "cpu"
    mesh = init_device_mesh(device, (dist.get_world_size(),))
    policy = _sharded_policy(folder, job, mesh)
    optimizer = make_optimizer(policy, job.update)
    _restore(folder, policy, optimizer, mesh)
    devices = ShardedDevices(policy.model, mesh)
    groups = read_table(folder)
    metrics = run_job(job, policy, optimizer, groups, report if speaks else None, devices)
    _write(folder, policy, optimizer, mesh)
    if speaks:
        for name, value in metrics.items():
            report.metric(name, value)
        write_metrics(folder, metrics)
    dist.barrier()


def _sharded_policy(folder: Path, job: UpdateJob, mesh: DeviceMesh) -> Policy:
    """The policy of the job; no process ever holds more of it than its rows and one layer."""
    policy = load_skeleton(folder / MODEL)
    model = policy.model
    with stored_weights(folder / MODEL, model) as stored:
        for name, buffer in model.named_buffers():
            with suppress(KeyError):
                buffer.copy_(stored(name)[:])
        if job.update.lora is not None:
            add_adapter(model, job.update.lora)
        shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
        values = {
            name: own_rows(stored(base_name(name)), shape[0], mesh)
            for name, shape in shapes.items()
            if ".lora_" not in name
        }
        if job.update.lora is not None:
            with safe_open(folder / ADAPTER, framework="pt") as adapter:
                for name in adapter.keys():  # noqa: SIM118
                    values[name] = own_rows(adapter.get_slice(name), shapes[name][0], mesh)
        shard(policy, mesh, job)
        place(model, values, mesh)
    return policy


def _restore(
    folder: Path, policy: Policy, optimizer: torch.optim.Optimizer, mesh: DeviceMesh
) -> None:
    """Give the optimizer this process's rows of the state that the job came with."""
    parameters = dict(policy.model.named_parameters())
    for path in sorted((folder / OPTIMIZER_FOLDER).glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118
                name, _, field = key.rpartition("/")
                parameter = parameters[name]
                if field == "step":
                    optimizer.state[parameter][field] = file.get_tensor(key).reshape(())
                    continue
                rows = own_rows(file.get_slice(key), len(parameter), mesh)
                optimizer.state[parameter][field] = distribute(rows, parameter, mesh)


def _write(
    folder: Path, policy: Policy, optimizer: torch.optim.Optimizer, mesh: DeviceMesh
) -> None:
    """Leave this process's rows of the weights, the adapter and the optimizer's state."""
    rank, size = mesh.get_local_rank(), mesh.size()
    weights = dict(_merged_rows(policy))
    write_rows(folder, "weights", rank, size, weights)
    parameters = dict(policy.model.named_parameters())
    adapter = {n: local_rows(p) for n, p in parameters.items() if ".lora_" in n}
    if adapter:
        write_rows(folder, "adapter", rank, size, adapter)
    state = {}
    for name, parameter in parameters.items():
        for field, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, DTensor):
                state[f"{name}/{field}"] = local_rows(value)
            elif rank == 0:
                state[f"{name}/{field}"] = value.reshape(1)
    write_rows(folder, "optimizer", rank, size, state)


@torch.no_grad()
def _merged_rows(policy: Policy) -> Iterator[tuple[str, Tensor]]:
    """This process's rows of every weight, by the name that it has without adapters."""
    modules = dict(adapted(policy.model))
    for name, parameter in policy.model.named_parameters():
        if ".lora_" in name:
            continue
        rows, plain = local_rows(parameter), base_name(name)
        if plain in modules:
            a, b = factors(modules[plain])
            # B has the rows of the weight, and is divided as it is.
            rows = rows + added(modules[plain], whole(a), local_rows(b))
        yield plain, rows
