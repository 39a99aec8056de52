"""The processes of `rlsd ui`: forked from one that has imported Dagster, restarted if killed."""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess

import click

from assets.process_name import show_as

_PRIVATE = "assets.dagster_private"
_LOOK_SECONDS = 2.0
_END_SECONDS = 20.0
_ENDED_SECONDS = 0.05
_LIVED_SECONDS = 10.0
"""A process that ends sooner would do so again."""


class Parts:
    """The processes of the UI, each begun again if it is killed.

    Args:
        bodies: Name of a part -> what its process does.
        asked: Gives the name of a part that is to be begun anew, while the former one ends itself.
    """

    def __init__(
        self, bodies: Mapping[str, Callable[[], None]], asked: Connection | None = None
    ) -> None:
        self._bodies = dict(bodies)
        self._asked = asked
        self._running: dict[str, tuple[ForkProcess, float]] = {}
        self._leaving: list[ForkProcess] = []

    def start(self, first: str) -> None:
        """Import what they share, once.

        Args:
            first: The part that takes longest: it begins before what it does not need is imported.
        """
        # Begun in the background of a script, all would ignore the interrupt that ends them.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        # No module becomes garbage, and looking for some takes a third of an import's time. A part
        # looks again once it has imported its own.
        gc.disable()
        private = import_module(_PRIVATE)
        _import(private.SERVER_MODULES)
        # The checkout's files may change while the UI is open: a part reads them when it begins.
        del sys.modules[_PRIVATE]
        self.begin(first)
        _import(private.STORAGE_MODULES)

    def begin(self, name: str) -> None:
        """Begin a part."""
        process = ForkProcess(target=_run, args=(name, self._bodies[name]), name=name)
        # Interrupted before it is in its own code, a fork would go on in this process's.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self._running[name] = process, time.monotonic()

    def look(self, seconds: float = 0.0) -> None:
        """Restart ended or requested parts.

        Args:
            seconds: How long to wait for someone who asks.

        Raises:
            click.ClickException: It ended as soon as it had begun.
        """
        if self._asked is None:
            time.sleep(seconds)
        elif self._asked.poll(seconds):
            name = self._asked.recv()
            self._leaving.append(self._running[name][0])
            self.begin(name)
        # Whether one is alive is asked of all: what has ended is a zombie until then.
        self._leaving = [process for process in self._leaving if process.is_alive()]
        for name, (process, began) in list(self._running.items()):
            if process.is_alive():
                continue
            if time.monotonic() - began < _LIVED_SECONDS:
                raise click.ClickException(
                    f"the {name} ended with {process.exitcode}; what it printed stands above"
                )
            click.echo(f"the {name} ended with {process.exitcode} and is begun again", err=True)
            self.begin(name)

    def watch(self) -> None:
        """Look for ever."""
        while True:
            self.look(_LOOK_SECONDS)

    def end(self) -> None:
        """End all; what does not end by itself is killed."""
        processes = [*self._leaving, *(process for process, _ in self._running.values())]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.ident or 0, signal.SIGINT)
        ends = time.monotonic() + _END_SECONDS
        # `join` with a timeout takes a process that runs another program for one that has ended.
        while time.monotonic() < ends and any(each.is_alive() for each in processes):
            time.sleep(_ENDED_SECONDS)
        for process in processes:
            process.kill()
            process.join()


def _import(modules: Iterable[str]) -> None:
    for name in modules:
        import_module(name)
    gc.freeze()


def _run(name: str, body: Callable[[], None]) -> None:
    """The process of a part."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    show_as(name)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        body()
    except KeyboardInterrupt:
        sys.exit(1)
