"""One process of `rlsd ui`.

    python -m assets.cli.service NAME PARENT SOCKET ARGUMENT ...

It imports while the code server loads the definitions, begins once that answers, and ends with the
process that started it.
"""

import importlib
import os
import sys
import threading
import time
from collections.abc import Callable

CODE, PAGE, DAEMON, WORKERS = "code server", "page", "daemon", "workers"

_MODULES = {
    CODE: ("dagster._cli", "cli"),
    PAGE: ("dagster_webserver.cli", "dagster_webserver"),
    DAEMON: ("dagster._daemon.cli", "cli"),
}
_PARENT_SECONDS = 2.0
_PING_SECONDS = 0.1
_RELOAD_SECONDS = 3600
_WATCH_SECONDS = 3


def main() -> None:
    """Run the process that the arguments name."""
    name, parent, socket, *arguments = sys.argv[1:]
    if name == WORKERS:
        from assets.warm.pool import serve

        serve(socket, int(parent))
        return
    # Told and not asked for: it may be gone by the time that this begins.
    _end_with(int(parent))
    module, command = _MODULES[name]
    entry: Callable[..., None] = getattr(importlib.import_module(module), command)
    _look_less_often()
    if name != CODE:
        _wait_for(socket)
    entry(args=arguments, prog_name=name)


def _look_less_often() -> None:
    """For what the UI is told of anyway, or what seldom happens; Dagster has no setting for these.

    The daemon reads all definitions anew every minute, though it hears of every reload. Page and
    daemon ask the code server every second whether it is still the same.
    """
    from dagster._daemon import controller
    from dagster._grpc import server_watcher

    controller.RELOAD_WORKSPACE_INTERVAL = _RELOAD_SECONDS
    server_watcher.WATCH_INTERVAL = _WATCH_SECONDS


def _end_with(parent: int) -> None:
    """A process that is killed cannot end its children."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _wait_for(socket: str) -> None:
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    client = DagsterGrpcClient(socket=socket)
    while True:
        try:
            client.ping("")
        except DagsterUserCodeUnreachableError:
            time.sleep(_PING_SECONDS)
        else:
            return


if __name__ == "__main__":
    main()
