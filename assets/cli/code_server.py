"""The code server of `rlsd ui`: Dagster's, with a reload that starts another server in its place.

Dagster itself reloads through a proxy process, which forwards every request. That process imports
all of Dagster once more, and costs an idle UI as much as the server itself.
"""

import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_BEGIN_SECONDS = 120.0
_LOOK_SECONDS = 0.05
_GO_SECONDS = 0.2


def prepare(link: Path, ask: Callable[[], None]) -> Path:
    """Let `dagster api grpc` in this process give way to another server on a reload.

    Args:
        link: Where clients ask: a link to the socket of the newest server, since one that goes
            removes its own.
        ask: Asks for another server.

    Returns:
        The socket to serve at.
    """
    from assets.dagster_private import ReloadCodeReply, grpc_server

    own = link.with_name(f"{link.name}.{os.getpid()}")

    class Server(grpc_server.DagsterGrpcServer):
        """Takes the place of the server before."""

        def serve(self) -> None:
            """See `DagsterGrpcServer`; the socket takes connections already."""
            # What is loaded by now stays.
            gc.freeze()
            gc.enable()
            new = own.with_suffix(".link")
            new.symlink_to(own)
            new.replace(link)
            super().serve()

    class Api(grpc_server.DagsterApiServer):
        """Loads nothing again: Python's imported modules stay.

        Page and daemon ask for all definitions, at the same moment. They get the same answer.
        """

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._answers = Answers()

        def ExternalRepository(self, request: Any, context: Any) -> Any:  # noqa: N802
            """See `DagsterApiServer`."""
            return self._answers.once(super().ExternalRepository, request, context)

        def ExternalJob(self, request: Any, context: Any) -> Any:  # noqa: N802
            """See `DagsterApiServer`."""
            return self._answers.once(super().ExternalJob, request, context)

        def ReloadCode(self, request: Any, context: Any) -> ReloadCodeReply:  # noqa: N802
            """Answers once another server serves, so that the next question goes to that one."""
            with self._reload_lock:
                if link.resolve() == own:
                    ask()
                    _wait_for_another(link, own)
                    # This one's connections are given up before the answer goes out on one.
                    self._server_termination_event.set()
                    time.sleep(_GO_SECONDS)
            return ReloadCodeReply()

    vars(grpc_server).update(DagsterGrpcServer=Server, DagsterApiServer=Api)
    return own


class Answers:
    """The answers to requests that are always answered alike."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._making = threading.Lock()

    def once(self, answer: Callable[[Any, Any], Any], request: Any, context: Any) -> Any:
        """An answer, made when it is first asked for; who asks meanwhile waits for it."""
        asked = f"{type(request).__name__} {request}"
        with self._making:
            if asked not in self._made:
                self._made[asked] = answer(request, context)
            return self._made[asked]


def _wait_for_another(link: Path, own: Path) -> None:
    ends = time.monotonic() + _BEGIN_SECONDS
    while link.resolve() == own:
        if time.monotonic() > ends:
            raise TimeoutError("no other code server has begun: look at what `rlsd ui` printed")
        time.sleep(_LOOK_SECONDS)
