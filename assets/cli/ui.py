"""`rlsd ui`: Dagster's webserver and daemon on the local instance, and the server of our code."""

import errno
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import yaml

from assets.cli.service import CODE, DAEMON, PAGE, WORKERS
from assets.home import dagster_home
from assets.warm.request import ADDRESS
from rlsd_pipeline.home import ROOT

HOST = "127.0.0.1"
_RARE = {"DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "15"}
"""How often the daemon looks for runs to begin again; it does so every 5 s by itself."""
_LOOK_SECONDS = 0.2
_ANSWER_SECONDS = 600.0
_END_SECONDS = 20.0
_LIVED_SECONDS = 10.0
"""A process that ends sooner would do so again."""


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
    with TemporaryDirectory(prefix="rlsd-ui-") as folder:
        workers = Path(folder) / "workers.sock"
        os.environ[ADDRESS] = str(workers)
        parts = Parts(_commands(Path(folder), port))
        try:
            parts.start()
            _say_where(parts, port)
            # Imports for longer than the page, which they would hold up.
            parts.begin(WORKERS, _service(WORKERS, workers))
            parts.watch()
        except KeyboardInterrupt:
            click.echo("ending")
        finally:
            parts.end()


class Parts:
    """The processes of the UI, each begun again if it is killed."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self._commands = dict(commands)
        self._running: dict[str, tuple[subprocess.Popen[bytes], float]] = {}

    def start(self) -> None:
        """Begin all at once: each imports for seconds."""
        # Begun in the background of a script, all would ignore the interrupt that ends them.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        for name in self._commands:
            self._begin(name)

    def begin(self, name: str, command: Sequence[str]) -> None:
        """Begin one more."""
        self._commands[name] = command
        self._begin(name)

    def _begin(self, name: str) -> None:
        # What Python warns of is for whoever writes code, and would be all that the UI prints.
        environment = os.environ | {"PYTHONWARNINGS": "ignore"} | _RARE
        process = subprocess.Popen(self._commands[name], cwd=ROOT, env=environment)
        self._running[name] = process, time.monotonic()

    def look(self) -> None:
        """Begin again what has ended.

        Raises:
            click.ClickException: It ended as soon as it had begun.
        """
        for name, (process, began) in list(self._running.items()):
            if process.poll() is None:
                continue
            if time.monotonic() - began < _LIVED_SECONDS:
                raise click.ClickException(
                    f"the {name} ended with {process.returncode}; what it printed stands above"
                )
            click.echo(f"the {name} ended with {process.returncode} and is begun again", err=True)
            self._begin(name)

    def watch(self) -> None:
        """Look for ever."""
        while True:
            time.sleep(_END_SECONDS / 10)
            self.look()

    def end(self) -> None:
        """End all; what does not end by itself is killed."""
        processes = [process for process, _ in self._running.values()]
        for process in processes:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
        ends = time.monotonic() + _END_SECONDS
        for process in processes:
            try:
                process.wait(max(0.0, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _commands(folder: Path, port: int) -> dict[str, list[str]]:
    """Name of a part -> how it is begun."""
    at = folder / "code.sock"
    workspace = folder / "workspace.yaml"
    server = {"socket": str(at), "location_name": "assets.definitions"}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    code = ["code-server", "start", "-m", "assets.definitions", "--socket", str(at)]
    page = ["-w", str(workspace), "-h", HOST, "-p", str(port), "--suppress-warnings"]
    arguments = {
        CODE: [*code, "--log-level", "warning"],
        PAGE: [*page, "--dagster-log-level", "warning"],
        DAEMON: ["run", "-w", str(workspace), "--log-level", "error"],
    }
    return {name: [*_service(name, at), *given] for name, given in arguments.items()}


def _service(name: str, socket: Path) -> list[str]:
    return [sys.executable, "-m", "assets.cli.service", name, str(os.getpid()), str(socket)]


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
