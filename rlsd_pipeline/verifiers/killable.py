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
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_START_SECONDS = 60
"""Imports take half a second, far longer on a busy machine; that is not the request's fault."""


class Replies(NamedTuple):
    """What a child said to a request."""

    received: list[Any]

    failure: str | None
    """`timeout` or `worker died` where replies are missing; the child is gone then."""


class KillableProcess:
    """Runs a module as a child and talks to it, one request at a time, from any thread.

    The child prints one line when it is ready, then a fixed number for each request. It is
    started by the first request, again after a kill or a death, and after every
    `requests_per_child` requests, because caches grow. It ends with this object, with the
    interpreter, or when its standard input closes.
    """

    def __init__(self, module: str, arguments: Sequence[str], *, requests_per_child: int) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._requests_per_child = requests_per_child
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._end_child: weakref.finalize[..., KillableProcess] | None = None
        self._requests = 0
        self._buffer = b""
        _instances.add(self)

    @property
    def pid(self) -> int | None:
        """Process id of the child, if there is one."""
        return self._child.pid if self._child else None

    def request(
        self, message: Mapping[str, Any], *, replies: int, timeout_seconds: float
    ) -> Replies:
        """Send a message and wait for its replies; after the deadline the child is killed."""
        received: list[Any] = []
        with self._lock:
            child = self._running()
            self._requests += 1
            deadline = time.monotonic() + timeout_seconds
            try:
                _write(child, json.dumps(message).encode() + b"\n")
                while len(received) < replies:
                    received.append(json.loads(self._read_line(child, deadline)))
            except TimeoutError:
                self._end()
                return Replies(received, "timeout")
            except EOFError:
                self._end()
                return Replies(received, "worker died")
            if self._requests >= self._requests_per_child:
                self._end()
        return Replies(received, None)

    def close(self) -> None:
        """End the child; a later request starts another."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """Let go of a child without ending it: after a fork it still serves the parent."""
        self._lock = threading.Lock()
        if self._child and self._end_child:
            self._end_child.detach()
            _close_pipes(self._child)
        self._child = self._end_child = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child and self._child.poll() is None:
            return self._child
        self._end()
        # The child must find its module where the parent did, and sets must not vary in order.
        places = os.pathsep.join(path for path in sys.path if path)
        child = subprocess.Popen(
            self._command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # An interrupt typed at the terminal is for the parent.
            process_group=0,
            env={**os.environ, "PYTHONPATH": places, "PYTHONHASHSEED": "0"},
        )
        self._child, self._end_child = child, weakref.finalize(self, _kill, child)
        self._requests, self._buffer = 0, b""
        try:
            self._read_line(child, time.monotonic() + _START_SECONDS)
        except (TimeoutError, EOFError) as error:
            self._end()
            raise RuntimeError(f"cannot start `{' '.join(self._command)}`") from error
        return child

    def _end(self) -> None:
        if self._end_child:
            self._end_child()
        self._child = self._end_child = None

    def _read_line(self, child: subprocess.Popen[bytes], deadline: float) -> bytes:
        assert child.stdout
        poll = select.poll()
        poll.register(child.stdout, select.POLLIN | select.POLLHUP)
        while b"\n" not in self._buffer:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError
            chunk = child.stdout.read(65536)
            if not chunk:
                raise EOFError
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _write(child: subprocess.Popen[bytes], data: bytes) -> None:
    assert child.stdin
    try:
        child.stdin.write(data)
    except BrokenPipeError as error:
        raise EOFError from error


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
