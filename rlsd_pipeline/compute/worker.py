"""One process of an update: joins the others, and trains.

    python -m rlsd_pipeline.compute.worker FOLDER DEVICE TIMEOUT_SECONDS

torchrun sets what it needs to find the others.
"""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing.errors import record

from rlsd_pipeline.compute.distributed_update import train_rank
from rlsd_pipeline.compute.progress_file import ProgressFile
from rlsd_pipeline.progress import Progress, Silent

Report = Callable[[Path], AbstractContextManager[Progress]]
"""Opens what rank 0 reports to, given the job's folder."""


@record
def work(report: Report) -> None:
    """Train on the job that the command line names; its failure is noted for torchrun."""
    folder, device, seconds = sys.argv[1:]
    on_cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if on_cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group(
        "nccl" if on_cuda else "gloo", timeout=timedelta(seconds=float(seconds))
    )
    opened = report(Path(folder)) if dist.get_rank() == 0 else nullcontext(Silent())
    with opened as progress:
        train_rank(Path(folder), progress)
    dist.destroy_process_group()


if __name__ == "__main__":
    work(ProgressFile)
