"""A child process that may be killed: JSON lines in, JSON lines out, a deadline for each request.

What runs in the child cannot hang its parent, exhaust its memory or reach its state. Nothing
is pickled, and the child is a fresh interpreter: the parent may hold threads, a GPU and forks.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_START_SECONDS = 60
"""Imports take half a second, far longer on a busy machine; that is not the request's fault."""

_LONGEST_WAIT = 20
"""Multiple of its time limit that a request gets by the clock on a machine busy with others."""


class Replies(NamedTuple):
    """A child's replies to a request."""

    received: list[Any]

    failure: str | None
    """`timeout` or `worker died` where replies are missing; the child is gone then."""


class KillableProcess:
    """Runs a file as a child and talks to it, one request at a time, from any thread.

    The child prints one line when it is ready, then a fixed number for each request. It is
    started by the first request, which waits for it, and replaced after a kill, a death, and
    every `requests_per_child` requests, because caches grow. From the first replacement on,
    another one is kept ready: most objects need one child in all, and its start is what costs.
    All end with this object, with the interpreter, or when their standard input closes.
    """

    def __init__(self, file: Path, arguments: Sequence[str], *, requests_per_child: int) -> None:
        # As a module it would load its packages first, which takes longer than all that it needs.
        self._command = [sys.executable, "-P", str(file), *arguments]
        self._requests_per_child = requests_per_child
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._spare: _Child | None = None
        self._keeps_spare = False
        _instances.add(self)

    @property
    def pid(self) -> int | None:
        """Process id of the child, if there is one."""
        return self._child.process.pid if self._child else None

    def request(
        self, message: Mapping[str, Any], *, replies: int, timeout_seconds: float
    ) -> Replies:
        """Send a message and wait for its replies; after the deadline the child is killed.

        The time limit is on the child's processor time, so that a machine busy with other work
        does not change an outcome; by the clock it is far more.
        """
        received: list[Any] = []
        with self._lock:
            child = self._running()
            child.requests += 1
            clock = _Deadline(child.process.pid, timeout_seconds)
            try:
                child.write(json.dumps(message).encode() + b"\n")
                while len(received) < replies:
                    received.append(json.loads(child.read_line(clock.remaining)))
            except (TimeoutError, EOFError) as error:
                self._replace()
                failure = "timeout" if isinstance(error, TimeoutError) else "worker died"
                return Replies(received, failure)
            if child.requests >= self._requests_per_child:
                self._replace()
        return Replies(received, None)

    def close(self) -> None:
        """End the child; a later request starts another."""
        with self._lock:
            self._end()
            if self._spare:
                self._spare.end()
            self._spare = None

    def forget(self) -> None:
        """Let go of a child without ending it: after a fork it still serves the parent."""
        self._lock = threading.Lock()
        for child in (self._child, self._spare):
            if child:
                child.forget()
        self._child = self._spare = None

    def _running(self) -> "_Child":
        if self._child and self._child.process.poll() is None:
            return self._child
        self._keeps_spare |= self._child is not None
        self._end()
        if self._spare and self._spare.process.poll() is not None:
            self._spare.end()
            self._spare = None
        child = self._child = self._spare or _Child(self, self._command)
        self._spare = None
        try:
            child.wait_until_ready()
        except (TimeoutError, EOFError) as error:
            self._end()
            raise RuntimeError(f"cannot start `{' '.join(self._command)}`") from error
        if self._keeps_spare:
            self._spare = _Child(self, self._command)
        return child

    def _replace(self) -> None:
        self._end()
        self._keeps_spare = True
        self._spare = self._spare or _Child(self, self._command)

    def _end(self) -> None:
        if self._child:
            self._child.end()
        self._child = None


class _Child:
    """A started process, with its unread output."""

    def __init__(self, owner: KillableProcess, command: Sequence[str]) -> None:
        # The child must find its module where the parent did, and sets must not vary in order.
        places = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # An interrupt typed at the terminal is for the parent.
            process_group=0,
            env={**os.environ, "PYTHONPATH": places, "PYTHONHASHSEED": "0"},
        )
        self.requests = 0
        self.end = weakref.finalize(owner, _kill, self.process)
        self._buffer = b""

    def forget(self) -> None:
        self.end.detach()
        _close_pipes(self.process)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        self.read_line(lambda: deadline - time.monotonic())

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        try:
            self.process.stdin.write(data)
        except BrokenPipeError as error:
            raise EOFError from error

    def read_line(self, remaining: Callable[[], float]) -> bytes:
        stdout = self.process.stdout
        assert stdout
        poll = select.poll()
        poll.register(stdout, select.POLLIN | select.POLLHUP)
        while b"\n" not in self._buffer:
            seconds = remaining()
            if not poll.poll(max(0.0, seconds) * 1000):
                if seconds <= 0:
                    raise TimeoutError
                continue
            chunk = stdout.read(65536)
            if not chunk:
                raise EOFError
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


class _Deadline:
    """How long a request may still take."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid = pid
        self._seconds = seconds
        self._used_before = _processor_seconds(pid)
        self._start = time.monotonic()

    def remaining(self) -> float:
        """Seconds to wait before asking again; 0 or less when the time is over."""
        waited = time.monotonic() - self._start
        if waited >= self._seconds * _LONGEST_WAIT:
            return 0.0
        used = _processor_seconds(self._pid)
        if used is None or self._used_before is None:
            return self._seconds - waited
        left = self._seconds - (used - self._used_before)
        # The kernel counts in steps of 10 ms.
        return max(left, 0.01) if left > 0.005 else 0.0


def _processor_seconds(pid: int) -> float | None:
    """Processor time that a process has used; None if unknown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _kill(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    _close_pipes(child)


def _close_pipes(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


_instances: weakref.WeakSet[KillableProcess] = weakref.WeakSet()


def _forget_children() -> None:
    for instance in _instances:
        instance.forget()


os.register_at_fork(after_in_child=_forget_children)
