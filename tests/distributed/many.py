"""One process that trains on several jobs, so that its start is paid for once.

python -m tests.distributed.many FOLDER DEVICE TIMEOUT_SECONDS, where FOLDER holds a folder a job.
"""

import sys
from datetime import timedelta
from pathlib import Path

import torch.distributed as dist
from torch.distributed.elastic.multiprocessing.errors import record

from rlsd_pipeline.compute.distributed_update import train_rank
from rlsd_pipeline.progress import Silent


@record
def main() -> None:
    folder, _, seconds = sys.argv[1:]
    dist.init_process_group("gloo", timeout=timedelta(seconds=float(seconds)))
    for job in sorted(Path(folder).glob("*/job.json")):
        train_rank(job.parent, Silent())
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
