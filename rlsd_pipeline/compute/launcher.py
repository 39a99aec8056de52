"""Starts a command, on this machine or another, and waits for its end."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

_PATIENCE_SECONDS = 30.0


class Launcher(Protocol):
    """Runs the command that starts the processes of an update."""

    @property
    def worker(self) -> str:
        """The module that each of the processes runs."""
        ...

    def launch(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        """Run a command until it ends; none of its processes survives an interruption.

        Args:
            command: Program and arguments.
            environment: Variables beside those of this process.
            folder: Folder of the job, for files of the launcher's own.

        Returns:
            The exit code.
        """
        ...


class SubprocessLauncher:
    """A child of this process."""

    worker = "rlsd_pipeline.compute.worker"

    def launch(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        """See `Launcher`."""
        with subprocess.Popen(command, env={**os.environ, **environment}) as process:
            try:
                return process.wait()
            finally:
                end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a running process to end, and kill it if it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
