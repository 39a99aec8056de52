"""One forked process: it executes runs of one experiment, one after the other."""

import gc
import signal
import socket
import sys

from assets.warm.request import Request, receive
from assets.warm.sources import Sources

TAKEN, DONE = b"t", b"d"
"""Said to the pool: the run is begun, and it has ended."""


def work(pool: socket.socket, request: Request) -> None:
    """Execute a run, and those that the pool gives next.

    It ends when the pool does, after its run if that has begun, when it has waited long enough, or
    when the code on the disk is another than it runs.

    Args:
        pool: Leads to the pool.
        request: The first run.
    """
    # The pool has set them to its own needs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sources = Sources()
    while _said(TAKEN, pool, "the run that it was given is not begun"):
        _execute(request)
        # First: a run that is asked for now waits for the collection, not for a fork.
        if not _said(DONE, pool, "its run is over"):
            return
        gc.collect()
        pool.settimeout(request.idle_seconds)
        try:
            line = receive(pool)
        except OSError:
            # It has waited long enough, or the pool is no more.
            return
        if not line or sources.have_changed():
            return
        pool.settimeout(None)
        request = Request.model_validate_json(line)


def _said(what: bytes, pool: socket.socket, state: str) -> bool:
    """Whether the pool could be told; a pool that was killed cannot, and one line says so."""
    try:
        pool.sendall(what)
    except OSError:
        print(f"the pool of workers is gone, and this worker ends: {state}", file=sys.stderr)
        return False
    return True


def _execute(request: Request) -> None:
    """Execute a run in this process, as `dagster api execute_run` does."""
    from assets.dagster_private import execute_run_command

    execute_run_command.main([request.run], standalone_mode=False)
