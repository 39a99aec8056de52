"""The requests of the launcher to the pool, one JSON line each way, and the pool's socket."""

import os
import socket
from collections.abc import Mapping

from pydantic import BaseModel

ADDRESS = "RLSD_WORKERS"
"""Names the pool's socket in the environment of what `rlsd ui` starts; else none is asked."""
ANSWER_SECONDS = 120.0
"""A pool that still imports answers once it has."""


class Request(BaseModel):
    """A run to execute.

    Attributes:
        run: Dagster's arguments of `dagster api execute_run`, serialized.
        experiment: Experiment of the run; its models serve its next run.
        idle_seconds: How long the worker waits for that.
    """

    run: str
    experiment: str
    idle_seconds: float


class Answer(BaseModel):
    """The worker that executes the run.

    Attributes:
        pid: Its process; None where the pool took no run, and says why.
        refused: Why.
    """

    pid: int | None = None
    refused: str = ""


def ask(request: Request, environment: Mapping[str, str] = os.environ) -> Answer:
    """Give the pool a run.

    Raises:
        OSError: The pool took the run and did not answer.
    """
    address = environment.get(ADDRESS)
    if address is None:
        return Answer(refused="there is no pool")
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(address)
        except OSError as error:
            return Answer(refused=f"the pool is not there: {error}")
        client.settimeout(ANSWER_SECONDS)
        send(client, request)
        line = receive(client)
    if not line:
        raise ConnectionError("the pool of workers ended while it began the run")
    return Answer.model_validate_json(line)


def send(to: socket.socket, message: BaseModel) -> None:
    """One line."""
    to.sendall(message.model_dump_json().encode() + b"\n")


def receive(source: socket.socket) -> bytes:
    """One line; nothing where the other side has ended."""
    line = b""
    while not line.endswith(b"\n"):
        if not (part := source.recv(65536)):
            return b""
        line += part
    return line
