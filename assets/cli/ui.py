"""`rlsd ui`: Dagster's webserver and daemon on the local instance, and the server of our code."""

import errno
import importlib.util
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import yaml

from assets.cli.parts import Parts
from assets.cli.service import CODE, DAEMON, PAGE, WORKERS, run, serve_workers
from assets.home import dagster_home
from assets.warm.request import ADDRESS

HOST = "127.0.0.1"
_RARE = {"DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "15"}
"""How often the daemon looks for runs to begin again; it does so every 5 s by itself."""
_LOOK_SECONDS = 0.2
_ANSWER_SECONDS = 600.0


def ui(port: int) -> None:
    """Run what the UI consists of until it is interrupted.

    Raises:
        click.ClickException: The UI is not installed, the port is taken, or a part does not start.
    """
    if importlib.util.find_spec("dagster_webserver") is None:
        raise click.ClickException(
            "the UI is not installed: pip install -e '.[ui]' in the checkout"
        )
    _require_free(port)
    dagster_home()
    hears, asks = Pipe(duplex=False)
    with TemporaryDirectory(prefix="rlsd-ui-") as folder:
        os.environ |= {ADDRESS: str(Path(folder) / "workers.sock")} | _RARE
        parts = Parts(_bodies(Path(folder), port, asks), hears)
        try:
            parts.start(CODE)
            for name in (PAGE, DAEMON):
                parts.begin(name)
            _say_where(parts, port)
            # Imports for longer than the page, which it would hold up.
            parts.begin(WORKERS)
            parts.watch()
        except KeyboardInterrupt:
            click.echo("ending")
        finally:
            parts.end()


def _bodies(folder: Path, port: int, asks: Connection) -> dict[str, Callable[[], None]]:
    """Name of a part -> what its process does."""
    code, workspace = folder / "code.sock", folder / "workspace.yaml"
    server = {"socket": str(code), "location_name": "assets.definitions"}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    page = ["-w", str(workspace), "-h", HOST, "-p", str(port), "--suppress-warnings"]
    # The server shows a module that cannot be imported as such, and continues.
    module = ["-m", "assets.definitions", "--lazy-load-user-code", "--log-level", "warning"]
    arguments = {
        CODE: [*module, "--location-name", "assets.definitions"],
        PAGE: [*page, "--dagster-log-level", "warning"],
        DAEMON: ["-w", str(workspace), "--log-level", "error"],
    }
    bodies: dict[str, Callable[[], None]] = {
        name: partial(run, name, code, given) for name, given in arguments.items()
    }
    bodies[CODE] = partial(run, CODE, code, arguments[CODE], partial(asks.send, CODE))
    return bodies | {WORKERS: partial(serve_workers, folder / "workers.sock")}


def _require_free(port: int) -> None:
    """Refuse a port that is taken, before anything starts.

    Raises:
        click.ClickException: Says what to do.
    """
    with socket.socket() as probe:
        # As the webserver does: a port whose last user has just ended is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = {errno.EADDRINUSE: "is taken", errno.EACCES: "is not for this user"}
            raise click.ClickException(
                f"port {port} {why.get(error.errno or 0, f'cannot be used ({error})')}: perhaps "
                f"the UI is open already. Choose another: `rlsd ui --port {port + 1}`"
            ) from error


def _say_where(parts: Parts, port: int) -> None:
    """Print the address once it answers."""
    ends = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < ends:
        parts.look()
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            click.echo(f"http://{HOST}:{port}/runs  (Ctrl-C ends it)")
            return
        time.sleep(_LOOK_SECONDS)
    raise click.ClickException(f"the page did not answer within {_ANSWER_SECONDS:.0f} s")
