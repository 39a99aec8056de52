"""Requirements of the deployment's parts on their machine."""

import os
import shutil
import socket
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

LOOPBACK = "127.0.0.1"


def program(name: str, folder: str = "") -> str:
    """Path of a program.

    Raises:
        RuntimeError: It is not installed.
    """
    path = os.pathsep.join((folder, os.environ.get("PATH", "")))
    found = shutil.which(name, path=path)
    if found is None:
        raise RuntimeError(
            f"{name} is not installed: apt-get install postgresql nginx-light gettext-base"
        )
    return found


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def http(url: str) -> int:
    """Status of a GET request; 0 where nobody answers."""
    try:
        with urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0
