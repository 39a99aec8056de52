"""One part of the deployment as a process."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 120
STOP_SECONDS = 30


@dataclass
class Part:
    """A process that stays in the foreground, and everything that it starts.

    Attributes:
        command: What is executed.
        ready: Whether it serves.
        environment: Its whole environment.
        folder: Where it runs.
        log: What it says.
        quit: Signal that asks it to end.
        starts: How often it was started.
    """

    command: Sequence[str]
    ready: Callable[[], bool]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    quit: signal.Signals = signal.SIGTERM
    starts: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def has_died(self) -> bool:
        """Whether it was started and is not there any more."""
        return self._process is not None and self._process.poll() is not None

    def launch(self) -> None:
        """Start it, in a process group of its own."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1

    def wait_until_ready(self) -> None:
        """Wait until it serves.

        Raises:
            RuntimeError: It does not.
        """
        began = time.monotonic()
        while not (self.is_alive and self.ready()):
            if time.monotonic() - began > READY_SECONDS:
                said = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(
                    f"{self.log.stem} does not serve after {READY_SECONDS} s; {self.log} ends:\n"
                    f"{said}"
                )
            time.sleep(0.2)

    def kill(self) -> None:
        """End it at once with whatever it has started, as the end of a container does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask_to_end(self) -> None:
        """Let it end by itself."""
        if self._process is not None and self.is_alive:
            self._process.send_signal(self.quit)

    def wait_until_ended(self) -> None:
        """Give it time to end, and then no more."""
        try:
            if self._process is not None:
                self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
