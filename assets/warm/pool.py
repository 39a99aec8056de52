"""The pool: one process that has imported the libraries, and forks a worker for each run.

A fork takes a hundredth of a second, the imports take several seconds, and forks share their
memory. A worker that has ended its run waits for the next run of its experiment, whose models it
holds. At most one worker waits, and it ends before another begins.
"""

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assets.process_name import show_as
from assets.warm.request import Answer, Request, receive, send
from assets.warm.sources import Sources
from assets.warm.worker import DONE, TAKEN, work

_IMPORTS = (
    "assets.definitions",
    "assets.event_log",
    "assets.kept_storage",
    "assets.run_queue",
    "assets.warm.launcher",
    "pandas",
    "rlsd_pipeline.statistics.bootstrap",
    "rlsd_pipeline.models.loading",
    "rlsd_pipeline.plan.planning",
    "rlsd_pipeline.report.canvas",
    "rlsd_pipeline.stages.workspace",
    "scipy.stats",
    "transformers.models.qwen3_vl.modeling_qwen3_vl",
    "upath.implementations.local",
)
"""What an iteration imports, and with it what that does; none begins a thread or uses a device."""
_LOOK_SECONDS = 2.0
_TAKE_SECONDS = 10.0
_GRACE_SECONDS = 2.0
_END_SECONDS = 12.0


def serve(address: str, parent: int) -> None:
    """Hand runs to workers until the parent ends.

    Args:
        address: Address of the socket for launchers.
        parent: Id of the process that `rlsd ui` is.
    """
    show_as("workers")
    Path(address).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    _prepare()
    Pool(listener).serve(parent)


def _prepare() -> None:
    """Load what every run needs: modules, and the definitions of all experiments."""
    from assets.dagster_private import RUN_MODULES

    for name in (*RUN_MODULES, *_IMPORTS):
        importlib.import_module(name)
    # Kept by the module, and by the definitions.
    importlib.import_module("assets.definitions").defs().get_repository_def()
    # Nothing of it is ever garbage: workers neither look through it nor copy its memory.
    gc.collect()
    gc.freeze()


@dataclass
class Worker:
    """A worker as the pool sees it."""

    socket: socket.socket
    pid: int
    experiment: str
    idle: bool = False

    def fileno(self) -> int:
        """The file descriptor, for `select`."""
        return self.socket.fileno()

    def hear(self) -> bytes:
        """Its next message; empty once it has ended."""
        with suppress(OSError):
            return self.socket.recv(1)
        return b""

    def take(self, request: Request) -> bool:
        """Whether it executes another run."""
        with suppress(OSError):
            send(self.socket, request)
        self.idle = False
        return self.hear() == TAKEN


class Pool:
    """Hands runs to workers, in a single thread, since it forks."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._workers: list[Worker] = []
        self._sources = Sources()

    def serve(self, parent: int) -> None:
        """Serve until the parent is gone, or until an interrupt."""
        # Begun in the background it would not be interrupted.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # No ended worker stays as a zombie, by which its run would seem to live.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            while os.getppid() == parent:
                waited: list[socket.socket | Worker] = [self._listener, *self._workers]
                for ready in select.select(waited, [], [], _LOOK_SECONDS)[0]:
                    if isinstance(ready, Worker):
                        self._hear(ready)
                    else:
                        self._answer()
        except KeyboardInterrupt:
            self._end()

    def _hear(self, worker: Worker) -> None:
        if worker not in self._workers:
            return
        if worker.hear() == DONE:
            self._dismiss_idle()
            worker.idle = True
        else:
            self._dismiss(worker)

    def _dismiss_idle(self) -> None:
        for worker in [each for each in self._workers if each.idle]:
            self._dismiss(worker)

    def _dismiss(self, worker: Worker) -> None:
        """It ends as soon as it has nothing to do."""
        worker.socket.close()
        self._workers.remove(worker)

    def _answer(self) -> None:
        client, _ = self._listener.accept()
        with client:
            # A launcher that is killed while it asks has no run begun.
            if not (line := receive(client)):
                return
            request = Request.model_validate_json(line)
            worker = self._idle(request)
            if worker is None and self._sources.have_changed():
                send(client, Answer(refused="the code on the disk has changed"))
                self._begin_anew()
            worker = worker or self._begin(request, client)
            send(client, Answer(pid=worker.pid))

    def _idle(self, request: Request) -> Worker | None:
        """The worker that waits, if it takes the run: it does if its code is that on the disk."""
        for worker in self._workers:
            if worker.idle and worker.experiment == request.experiment and worker.take(request):
                return worker
        return None

    def _begin(self, request: Request, client: socket.socket) -> Worker:
        self._dismiss_idle()
        ours, theirs = socket.socketpair()
        if (pid := os.fork()) == 0:
            for each in (self._listener, client, ours, *(each.socket for each in self._workers)):
                each.close()
            work(theirs, request)
            # Not at once: the interpreter ends what the run started, such as an engine.
            sys.exit()
        theirs.close()
        ours.settimeout(_TAKE_SECONDS)
        worker = Worker(ours, pid, request.experiment)
        worker.hear()
        self._workers.append(worker)
        return worker

    def _begin_anew(self) -> None:
        """Start this process again, with the code that is on disk; workers finish their runs."""
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

    def _end(self) -> None:
        """Let runs end as cancelled."""
        self._dismiss_idle()
        # A terminal interrupts the workers as well.
        self._wait(_GRACE_SECONDS)
        for worker in self._workers:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGINT)
        self._wait(_END_SECONDS)

    def _wait(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while self._workers and (left := ends - time.monotonic()) > 0:
            for ready in select.select(self._workers, [], [], left)[0]:
                ready.hear()
                self._dismiss(ready)


if __name__ == "__main__":
    # Ended while it imports, it has nothing to do; an exception could be lost in an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(sys.argv[1], int(sys.argv[2]))
