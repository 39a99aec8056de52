"""A Ray head of its own process on this machine, as a pod or another machine would run it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

RAY = str(Path(sys.executable).with_name("ray"))


def start_head(
    options: Mapping[str, str], variables: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """`ray start --head` at 127.0.0.1, in the foreground of the process that is given back.

    Ray writes into `log` that its runtime started, once drivers may connect.
    """
    # As on a cluster, its workers know nothing but the package, and not this user's token.
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        **variables,
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    command = [RAY, "start", "--head", "--block", "--node-ip-address=127.0.0.1", *given]
    with log.open("wb") as output:
        return subprocess.Popen(command, env=environment, stdout=output)
