"""The processes of an update, started by torchrun on one node or several."""

import json
import os
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlsd_pipeline.compute.launcher import Launcher, SubprocessLauncher
from rlsd_pipeline.compute.progress_file import followed
from rlsd_pipeline.config.compute import TorchrunCompute
from rlsd_pipeline.errors import ComputeError, RlsdError
from rlsd_pipeline.progress import Progress

_TAIL_LINES = 30

_OWN_ERRORS = {error.__name__: error for error in RlsdError.__subclasses__()}


@dataclass(frozen=True)
class Torchrun:
    """See `TrainingProcesses`.

    Attributes:
        config: How many processes, and where.
        launcher: Runs the command.
    """

    config: TorchrunCompute
    launcher: Launcher = field(default_factory=SubprocessLauncher)

    def train(self, folder: Path, progress: Progress) -> None:
        """See `TrainingProcesses`."""
        with followed(folder, progress):
            code = self.launcher.launch(self._command(folder), self._environment(), folder)
        if code != 0:
            raise _failure(folder, code)

    def _command(self, folder: Path) -> list[str]:
        config = self.config
        nodes = (
            ["--standalone"]
            if config.nodes == 1
            else [
                f"--nnodes={config.nodes}",
                "--rdzv-backend=c10d",
                f"--rdzv-endpoint={config.rendezvous}",
                f"--rdzv-id={uuid.uuid4().hex}",
            ]
        )
        return [
            *config.launch_prefix,
            *(sys.executable, "-m", "rlsd_pipeline.compute.agent", str(folder)),
            *nodes,
            f"--nproc-per-node={config.processes_per_node}",
            "--max-restarts=0",
            *("-m", self.launcher.worker),
            *(str(folder), config.device, str(60 * config.timeout_minutes)),
        ]

    def _environment(self) -> dict[str, str]:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        threads = self.config.threads or max(1, (cores or 1) // self.config.processes_per_node)
        # The processes import this package from wherever this one did.
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        return {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}


def _failure(folder: Path, code: int) -> RlsdError:
    """The first failure.

    An error of the update itself comes with its message alone, as it does where one process trains;
    any other with its own traceback, or else with the end of what was printed.
    """
    logs = folder / "logs"
    failures = [json.loads(path.read_text()) for path in logs.glob("failure-*.json")]
    if not failures:
        return ComputeError(
            f"torchrun ended with code {code}; the end of its output:\n{_tail(logs)}"
        )
    first: dict[str, Any] = min(failures, key=lambda failure: failure["timestamp"])
    who, message = f"process {first['rank']} of the update", first["message"]
    if isinstance(message, dict):
        kind, _, text = message["message"].partition(": ")
        if own := _OWN_ERRORS.get(kind):
            return own(text)
        return ComputeError(f"{who} failed:\n{message['extraInfo']['py_callstack']}")
    if first["exit_code"] < 0:
        return ComputeError(
            f"{who} was killed by {first['signal']}, perhaps for want of memory: lower "
            f"`update.micro_batch_tokens`. The end of the output:\n{_tail(logs)}"
        )
    return ComputeError(
        f"{who} ended with code {first['exit_code']}; the end of the output:\n{_tail(logs)}"
    )


def _tail(logs: Path) -> str:
    lines = [line for path in sorted(logs.glob("*.log")) for line in path.read_text().splitlines()]
    return "\n".join(lines[-_TAIL_LINES:])
