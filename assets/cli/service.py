"""The body of each process of `rlsd ui`: it imports its libraries and waits for the code server."""

import gc
import importlib
import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from assets.cli.code_server import prepare
from rlsd_pipeline.home import ROOT

CODE, PAGE, DAEMON, WORKERS = "code server", "page", "daemon", "workers"

_MODULES = {
    CODE: ("assets.dagster_private", "grpc_command"),
    PAGE: ("dagster_webserver.cli", "dagster_webserver"),
    DAEMON: ("assets.dagster_private", "run_command"),
}
_PARENT_SECONDS = 2.0
_PING_SECONDS = 0.1
_RELOAD_SECONDS = 3600
_WATCH_SECONDS = 3


def run(
    name: str, code: Path, arguments: Sequence[str], ask: Callable[[], None] | None = None
) -> None:
    """Run one of Dagster's services in this process, until the one that began it ends.

    Args:
        name: Which.
        code: Where the code server is asked; the others wait for it.
        arguments: Arguments of Dagster's command.
        ask: Asks for another code server in place of the present one.
    """
    _end_with(_parent())
    # As a service that is begun there by `python -m`.
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    # Python's warnings are for developers, and would be all that the UI prints.
    warnings.simplefilter("ignore")
    module, command = _MODULES[name]
    entry: Callable[..., None] = getattr(importlib.import_module(module), command)
    _look_less_often()
    if name == DAEMON:
        _look_when_told()
    if ask is None:
        gc.freeze()
        gc.enable()
        _wait_for(code)
    else:
        arguments = [*arguments, "--socket", str(prepare(code, ask))]
    entry(args=arguments, prog_name=name)


def serve_workers(address: Path) -> None:
    """Become the pool of workers, by its own command line."""
    os.chdir(ROOT)
    os.environ["PYTHONWARNINGS"] = "ignore"
    module = ["-m", "assets.warm.pool", str(address), str(_parent())]
    os.execv(sys.executable, [sys.executable, *module])


def _look_less_often() -> None:
    """Poll less often for rare or separately reported events; Dagster has no setting for these.

    The daemon reads all definitions anew every minute, though it hears of every reload. Page and
    daemon ask the code server every second whether it is still the same.
    """
    from assets.dagster_private import daemon_controller, server_watcher

    daemon_controller.RELOAD_WORKSPACE_INTERVAL = _RELOAD_SECONDS
    server_watcher.WATCH_INTERVAL = _WATCH_SECONDS


def _look_when_told() -> None:
    """A click on the page waits for the daemon's next look at the queue of runs."""
    from assets.dagster_private import daemon_controller
    from assets.prompt_queue import PromptQueueDaemon

    vars(daemon_controller)["QueuedRunCoordinatorDaemon"] = PromptQueueDaemon


def _parent() -> int:
    """The parent of this process, passed by it, since it may already be gone."""
    began = multiprocessing.parent_process()
    assert began is not None
    assert began.pid is not None
    return began.pid


def _end_with(parent: int) -> None:
    """A process that is killed cannot end its children."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _wait_for(code: Path) -> None:
    from assets.dagster_private import DagsterGrpcClient, DagsterUserCodeUnreachableError

    client = DagsterGrpcClient(socket=str(code))
    while True:
        try:
            client.ping("")
        except DagsterUserCodeUnreachableError:
            time.sleep(_PING_SECONDS)
        else:
            return
