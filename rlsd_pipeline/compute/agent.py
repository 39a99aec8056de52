"""Runs torchrun on one node: starts a process for each device, and notes which one failed first.

    python -m rlsd_pipeline.compute.agent FOLDER [torchrun's own arguments]

The output of the agent and its processes goes to FOLDER/logs. They end when their parent ends.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

LOGS = "logs"

_WATCH_SECONDS = 0.5


def main() -> None:
    """Run torchrun in this process."""
    logs = Path(sys.argv[1]) / LOGS
    logs.mkdir(parents=True, exist_ok=True)
    name = f"{socket.gethostname()}-{os.getpid()}"
    _end_with(os.getppid())
    _print_to(logs / f"{name}.log")
    try:
        run.main(["--log-dir", str(logs), *sys.argv[2:]])
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        seen = {
            "rank": rank,
            "timestamp": failure.timestamp,
            "exit_code": failure.exitcode,
            "signal": failure.signal_name(),
            "message": failure.message,
        }
        (logs / f"failure-{name}.json").write_text(json.dumps(seen), encoding="utf-8")
        sys.exit(1)


def _print_to(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())


def _end_with(parent: int) -> None:
    """Ask this process to end, as torchrun then asks its own, once its parent is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
