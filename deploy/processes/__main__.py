"""`python -m deploy.processes --users FILE [--home FOLDER] [--port 3000]`, until interrupted.

Postgres, code server, daemon, webserver and the proxy, each restarted when it dies. Everything
listens on 127.0.0.1 only, and only the proxy's port is meant for people.
"""

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from deploy.processes.topology import DEPLOY, Topology


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.processes",
        description="The deployment's parts as processes of this machine.",
    )
    parser.add_argument("--users", type=Path, required=True, help="lines of name:hash")
    parser.add_argument("--home", type=Path, default=DEPLOY.parent / ".rlsd" / "topology")
    parser.add_argument("--port", type=int, default=3000)
    given = parser.parse_args(arguments)
    if not given.users.is_file():
        parser.error(
            f"{given.users} does not exist; make it, one line a person:\n"
            f"  printf 'NAME:%s\\n' \"$(openssl passwd -6)\" > {given.users}"
        )
    topology = Topology(given.home.resolve(), given.users.resolve(), given.port)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        topology.start()
        print(f"{topology.url} (code, logs and database under {topology.home})", flush=True)
        ended.wait()
    finally:
        topology.stop()


if __name__ == "__main__":
    main()
