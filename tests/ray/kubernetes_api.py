"""A stand-in for Kubernetes with KubeRay's operator, which starts a head on this machine.

It knows `RayCluster` alone, and of it what dagster-ray asks for.
"""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.ray.head import start_head


class Operator:
    """Starts a Ray head for every `RayCluster`, and ends it with it.

    Attributes:
        clusters: Those there are, by name.
        created: All that there ever were, as they were sent, in order.
        deleted: Names, in order.
        state: What KubeRay says of a cluster whose head answers.
    """

    def __init__(self) -> None:
        self.clusters: dict[str, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.state = "ready"
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    def create(self, namespace: str, body: dict[str, Any]) -> None:
        """Start the head with the options and variables of the manifest."""
        name = body["metadata"]["name"]
        self.created.append(body)
        self.clusters[name] = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        if self.state == "ready":
            self._nodes[name] = _start(body["spec"]["headGroupSpec"])

    def delete(self, name: str) -> None:
        """End the head, if it was started."""
        del self.clusters[name]
        self.deleted.append(name)
        if node := self._nodes.pop(name, None):
            node.terminate()
            node.wait(30)

    def status(self, name: str) -> dict[str, Any]:
        """What KubeRay would write; empty until the head's port for clients is open."""
        head = self.clusters[name]["spec"]["headGroupSpec"]["rayStartParams"]
        if self.state == "ready" and not _answers(int(head["ray-client-server-port"])):
            return {}
        service = f"{name}-head-svc"
        return {
            "state": self.state,
            "endpoints": {"dashboard": "8265", "client": head["ray-client-server-port"]},
            "head": {"serviceIP": "127.0.0.1", "serviceName": service},
        }


def _start(head: dict[str, Any]) -> subprocess.Popen[bytes]:
    (container,) = head["template"]["spec"]["containers"]
    variables = {each["name"]: each["value"] for each in container["env"]}
    return start_head(head["rayStartParams"], variables, Path(os.devnull))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Handler(BaseHTTPRequestHandler):
    """Paths are `/apis/ray.io/v1/namespaces/NAMESPACE/rayclusters[/NAME[/status]]`."""

    operator: Operator

    def _place(self) -> tuple[str, list[str]]:
        parts = urlsplit(self.path).path.strip("/").split("/")
        assert parts[:4] == ["apis", "ray.io", "v1", "namespaces"]
        assert parts[5] == "rayclusters"
        return parts[4], parts[6:]

    def do_GET(self) -> None:
        namespace, rest = self._place()
        known = {
            name: cluster
            for name, cluster in self.operator.clusters.items()
            if cluster["metadata"]["namespace"] == namespace
        }
        match rest:
            case []:
                (selector,) = parse_qs(urlsplit(self.path).query)["labelSelector"]
                key, _, value = selector.partition("=")
                found = [c for c in known.values() if c["metadata"]["labels"].get(key) == value]
                self._answer(200, {"items": found})
            case [name, *_] if name not in known:
                self._answer(404, {"reason": "NotFound"})
            case [name, "status"]:
                self._answer(200, {**known[name], "status": self.operator.status(name)})
            case [name]:
                self._answer(200, known[name])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.operator.create(self._place()[0], body)
        self._answer(201, body)

    def do_DELETE(self) -> None:
        _, (name,) = self._place()
        if name not in self.operator.clusters:
            self._answer(404, {"reason": "NotFound"})
            return
        self.operator.delete(name)
        self._answer(200, {"status": "Success"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def serve() -> Iterator[tuple[Operator, str]]:
    """The operator, and the URL of its API; at the end no node is left."""
    operator = Operator()
    handler = type("Handler", (_Handler,), {"operator": operator})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield operator, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        for name in list(operator.clusters):
            operator.delete(name)
