"""An update by one process from a job's folder, equal to the in-process update bit by bit.

A sharded policy adds the gradients of tied weights in another order, even where one process holds
all of it.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file

from rlsd_pipeline.compute.in_process import update_in_memory
from rlsd_pipeline.compute.job import ADAPTER, MODEL, OPTIMIZER_FOLDER, read_job, read_table
from rlsd_pipeline.compute.result import write_metrics, write_rows
from rlsd_pipeline.models.adapter import add_adapter, place_adapter
from rlsd_pipeline.models.loading import load_policy
from rlsd_pipeline.progress import Progress


def train_alone(folder: Path, report: Progress) -> None:
    """Train on the job in a folder, on the CPU and in float32.

    Args:
        folder: What `write_job` wrote; the result is left there for `read_result`.
        report: Told how far it is.
    """
    job = read_job(folder)
    policy = load_policy(folder / MODEL, dtype=torch.float32)
    if job.update.lora is not None:
        add_adapter(policy.model, job.update.lora)
        place_adapter(policy.model, load_file(folder / ADAPTER))
    state = {
        name: value
        for path in sorted((folder / OPTIMIZER_FOLDER).glob("*.safetensors"))
        for name, value in load_file(path).items()
    }
    updated = update_in_memory(policy, state, job, read_table(folder), report)
    write_rows(folder, "optimizer", 0, 1, dict(updated.optimizer))
    write_rows(folder, "adapter", 0, 1, dict(updated.adapter))
    write_rows(folder, "weights", 0, 1, dict(policy.model.named_parameters()))
    write_metrics(folder, updated.metrics)
