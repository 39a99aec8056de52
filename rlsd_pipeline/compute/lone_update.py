"""An update by one process from a job's folder: what `train_here` does, to the last bit.

A sharded policy adds the gradients of tied weights in another order, even where one process holds
all of it.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file

from rlsd_pipeline.compute.job import (
    ADAPTER,
    MODEL,
    OPTIMIZER_FOLDER,
    UpdateJob,
    read_job,
    run_job,
)
from rlsd_pipeline.compute.result import write_metrics, write_rows
from rlsd_pipeline.models.adapter import add_adapter, merge
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.pool import optimizer_state, restore_optimizer
from rlsd_pipeline.progress import Progress
from rlsd_pipeline.update.policy_update import make_optimizer


def train_alone(folder: Path, report: Progress) -> None:
    """Train on the job in a folder, on the CPU and in float32.

    Args:
        folder: What `write_job` wrote; the result is left there for `read_result`.
        report: Told how far it is.
    """
    job = read_job(folder)
    policy = _policy(folder, job)
    optimizer = make_optimizer(policy, job.update)
    state = {
        name: value
        for path in sorted((folder / OPTIMIZER_FOLDER).glob("*.safetensors"))
        for name, value in load_file(path).items()
    }
    restore_optimizer(policy, optimizer, state)
    metrics = run_job(folder, job, policy, optimizer, report)
    write_rows(folder, "optimizer", 0, 1, optimizer_state(policy, optimizer))
    if job.update.lora is not None:
        trained = {n: p for n, p in policy.model.named_parameters() if p.requires_grad}
        write_rows(folder, "adapter", 0, 1, trained)
        merge(policy.model)
    write_rows(folder, "weights", 0, 1, dict(policy.model.named_parameters()))
    write_metrics(folder, metrics)


def _policy(folder: Path, job: UpdateJob) -> Policy:
    policy = load_policy(folder / MODEL, dtype=torch.float32)
    if job.update.lora is not None:
        add_adapter(policy.model, job.update.lora)
        values = load_file(folder / ADAPTER)
        policy.model.load_state_dict(values, strict=False, assign=True)
    return policy
