"""A checkout with one small experiment, the deployment's parts that serve it, and a plain run."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import dagster as dg
import pytest

from deploy.processes.topology import Topology

ROOT = Path(__file__).resolve().parents[2]


class Client:
    """Someone who knows a password, on the outside of the proxy."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.url = url
        token = base64.b64encode(f"{name}:{password}".encode()).decode()
        self.authorization = f"Basic {token}"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "Authorization": self.authorization}
        request = Request(f"{self.url}/graphql", data=body, headers=headers)
        with urlopen(request, timeout=30) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that Postgres' own user can reach, unlike pytest's."""
    path = Path(tempfile.mkdtemp(prefix="rlsd-deploy-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def checkout(folder: Path) -> Path:
    """This code with one experiment, as an image is built or a folder is mounted."""
    path = folder / "checkout"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("assets", "rlsd_pipeline", "schemas", "deploy"):
        shutil.copytree(ROOT / name, path / name, ignore=ignore)
    shutil.copyfile(ROOT / "pyproject.toml", path / "pyproject.toml")
    experiments = path / "assets" / "experiments"
    for declared in experiments.glob("*/defs.yaml"):
        shutil.rmtree(declared.parent)
    (experiments / "small").mkdir()
    shutil.copyfile(Path(__file__).parent / "small.yaml", experiments / "small" / "defs.yaml")
    return path


@pytest.fixture(scope="session")
def password() -> str:
    return secrets.token_urlsafe(16)


@pytest.fixture(scope="session")
def topology(folder: Path, checkout: Path, password: str) -> Iterator[Topology]:
    """Every part, started; what they wrote is printed where they do not come up."""
    pytest.importorskip("dagster_postgres", reason="make test-deploy installs the extra `deploy`")
    if shutil.which("nginx", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    users = folder / "users"
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True
    )
    users.write_text(f"ada:{hashed.stdout}")
    opened = Topology(folder / "home", users, code=checkout)
    try:
        opened.start()
        yield opened
    finally:
        opened.stop()


@pytest.fixture(scope="session")
def client(topology: Topology, password: str) -> Client:
    return Client(topology.url, "ada", password)


@pytest.fixture
def instance(topology: Topology, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The deployment's instance, asked past the webserver."""
    for name, value in topology.environment.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as instance:
        yield instance


@pytest.fixture(scope="session")
def undisturbed(folder: Path, checkout: Path) -> Path:
    """The home of `rlsd train` on a local instance, where nothing is killed."""
    home = folder / "undisturbed"
    environment = {**os.environ, "RLSD_HOME": str(home), "PYTHONPATH": str(checkout)}
    environment.pop("DAGSTER_HOME", None)
    subprocess.run(
        [sys.executable, "-c", "from assets.cli import main; main()", "train", "small"],
        env=environment,
        cwd=checkout,
        check=True,
        capture_output=True,
    )
    return home
