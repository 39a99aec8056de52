"""Trains several arms at the same time, each in its own process; the parent shows their progress.

Arms are independent of one another, so the artifacts are those of one process, digest by digest.
"""

import atexit
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from functools import cache, partial
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any

from assets.cli.loop import Loop, open_instance
from assets.cli.progress import Display
from rlsd_pipeline.config.teacher import ModelTeacher
from rlsd_pipeline.errors import RlsdError

_WAIT_SECONDS = 0.5
_LONG_SECONDS = 5.0

Message = tuple[str, tuple[Any, ...]]

_relay: "Relay | None" = None


class Relay:
    """The messages of a worker, which the parent shows."""

    def __init__(self, queue: "Queue[Message]") -> None:
        self._queue = queue
        self._metrics: dict[str, float] = {}
        self._stage, self._total, self._count = "", 0, 0
        self._updates = 0
        self._told, self._shown = time.monotonic(), False

    def arm(self, name: str, done: int, total: int) -> None:
        """An arm begins or continues."""
        self._metrics.clear()
        self._updates = total
        self._queue.put(("lane", (name, done, total, "")))

    def iteration(self, name: str, done: int) -> None:
        """One more iteration of the arm is complete."""
        self._queue.put(("lane", (name, done, self._updates, self._notes())))

    def say(self, text: str) -> None:
        """A line that stays."""
        self._queue.put(("say", (text,)))

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """A stage begins; it is shown once it takes long, as a warm start does."""
        if self._shown:
            self._queue.put(("stage", (self._stage, self._total, self._total, "")))
        self._stage, self._total, self._count = f"{stage} ({os.getpid()})", total or 0, 0
        self._told, self._shown = time.monotonic(), False

    def advance(self, count: int) -> None:
        """Report how many more units of the stage are done."""
        self._count += count
        if self._total and time.monotonic() - self._told > _LONG_SECONDS:
            self._told, self._shown = time.monotonic(), True
            self._queue.put(("stage", (self._stage, self._count, self._total, self._notes())))

    def _notes(self) -> str:
        return "  ".join(f"{key} {value:.3f}" for key, value in self._metrics.items())

    def metric(self, name: str, value: float) -> None:
        """A number worth showing."""
        self._metrics[name] = value


Task = Callable[[Loop, Relay, str, int], None]


def train_in_processes(
    loop: Loop, display: Display, processes: int, arms: Sequence[str], total: int
) -> None:
    """Train arms, some at a time.

    What several of them begin with, such as a warm start, is made once before any of them.
    """
    context = multiprocessing.get_context("spawn")
    queue: Queue[Message] = context.Queue()
    with ProcessPoolExecutor(processes, context, _begin, (queue,)) as pool:

        def submit(task: Task, arm: str, total: int) -> Future[None]:
            return pool.submit(_run, str(loop.file), task, arm, total)

        others = _distinct(arms, partial(_other_teacher, loop))
        bases = _distinct(arms, partial(_base, loop))
        begin = [submit(_teach, arm, total) for arm in others]
        begin += [submit(_start, arm, total) for arm in bases]
        _follow(set(begin), queue, display)
        _follow({submit(_train, arm, total) for arm in arms}, queue, display)
        _show(queue, display)


def _follow(futures: set[Future[None]], queue: "Queue[Message]", display: Display) -> None:
    """Show what the workers say until they are done; the first failure ends what has not begun."""
    try:
        while futures:
            done, futures = wait(futures, timeout=_WAIT_SECONDS, return_when="FIRST_EXCEPTION")
            _show(queue, display)
            for future in done:
                future.result()
    except BrokenProcessPool as error:
        raise RlsdError(
            "a process that trained an arm was killed, perhaps for want of memory: lower "
            "`compute.processes` and call again; it goes on from the last complete artifact"
        ) from error
    except BaseException:
        _end(futures, queue, display)
        raise


def _end(futures: set[Future[None]], queue: "Queue[Message]", display: Display) -> None:
    """Cancel what has not begun, and let the rest end.

    A process whose messages nobody reads cannot end.
    """
    running = {future for future in futures if not future.cancel()}
    while running:
        _, running = wait(running, timeout=_WAIT_SECONDS)
        _show(queue, display)


def _distinct(arms: Iterable[str], key: Callable[[str], str | None]) -> list[str]:
    """The first arm of each key, where there is one."""
    found: dict[str, str] = {}
    for arm in arms:
        if (value := key(arm)) is not None:
            found.setdefault(value, arm)
    return list(found.values())


def _base(loop: Loop, arm: str) -> str:
    return loop.workspace.at(arm, 0).base_model.model_dump_json()


def _other_teacher(loop: Loop, arm: str) -> str | None:
    teacher = loop.workspace.at(arm, 0).arm.teacher
    return teacher.model_dump_json() if isinstance(teacher, ModelTeacher) else None


def _start(loop: Loop, relay: Relay, arm: str, total: int) -> None:
    loop.start(arm)


def _teach(loop: Loop, relay: Relay, arm: str, total: int) -> None:
    run = loop.workspace.at(arm, 0)
    if run.arm.reads_teacher:
        run.teacher()


def _train(loop: Loop, relay: Relay, arm: str, total: int) -> None:
    from assets.cli.train import train_arm

    loop.start(arm)
    train_arm(loop, relay, arm, total)


def _begin(queue: "Queue[Message]") -> None:
    global _relay
    from assets.cli.train import quiet_libraries

    quiet_libraries()
    _relay = Relay(queue)


def _run(file: str, task: Task, arm: str, total: int) -> None:
    assert _relay is not None
    task(_loop(file), _relay, arm, total)


@cache
def _loop(file: str) -> Loop:
    """One a process: an instance that stays open, and policies that stay in memory."""
    assert _relay is not None
    opened = ExitStack()
    atexit.register(opened.close)
    return Loop(Path(file), opened.enter_context(open_instance()), _relay, _relay.iteration)


def _show(queue: "Queue[Message]", display: Display) -> None:
    with suppress(Empty):
        while True:
            method, arguments = queue.get_nowait()
            getattr(display, method)(*arguments)
