"""A process that joins the others and then does what its folder says: fail, or wait for ever.

python -m tests.distributed.breaking FOLDER DEVICE TIMEOUT_SECONDS
"""

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing.errors import record


def a_broken_step() -> None:
    raise RuntimeError("no such luck")


@record
def main() -> None:
    folder = Path(sys.argv[1])
    dist.init_process_group("gloo", timeout=timedelta(seconds=60))
    rank = dist.get_rank()
    (folder / f"pid-{rank}").write_text(str(os.getpid()))
    what, who = (folder / "what").read_text().split()
    if rank == int(who):
        if what == "raise":
            a_broken_step()
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
    if what == "wait":
        time.sleep(600)
    # The others are caught in a collective call.
    dist.all_reduce(torch.ones(1))


if __name__ == "__main__":
    main()
