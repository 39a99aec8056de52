"""A real S3 server and a real GCS server on the loopback interface, and a tiny experiment."""

import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.processes.machine import free_port
from tests.small_experiment import ATTRIBUTES

ROOT = Path(__file__).parents[2]


def _serve(command: list[str], url: str, log: Path) -> Iterator[str]:
    """Start a server of our own, wait until it answers, and stop it at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    deadline = time.monotonic() + 60
    try:
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("s3fs", reason="needs the extra `s3`")
    pytest.importorskip("moto.server", reason="needs moto[server], see `make test-storage`")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = tmp_path_factory.mktemp("s3") / "log"
    yield from _serve(command, f"http://127.0.0.1:{port}", log)


@pytest.fixture(scope="session")
def gcs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("gcsfs", reason="needs the extra `gcs`")
    pytest.importorskip("gcp_storage_emulator", reason="needs gcp-storage-emulator")
    port = free_port()
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--in-memory"]
    log = tmp_path_factory.mktemp("gcs") / "log"
    yield from _serve(command, f"http://127.0.0.1:{port}", log)


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty prefix in a bucket of its own."""
    import fsspec

    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", s3_server),
    ):
        monkeypatch.setenv(name, value)
    bucket = f"b{uuid.uuid4().hex}"
    fsspec.filesystem("s3").mkdir(bucket)
    return f"s3://{bucket}/runs/one"


@pytest.fixture
def gcs(gcs_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty prefix in a bucket of its own."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    monkeypatch.setenv("FSSPEC_GS_TOKEN", "anon")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    import fsspec
    from fsspec.config import conf, set_conf_env

    # What the environment says is read when fsspec is imported.
    monkeypatch.setitem(conf, "gs", {})
    set_conf_env(conf)
    bucket = f"b{uuid.uuid4().hex}"
    fsspec.filesystem("gs", project="test").mkdir(bucket)
    return f"gs://{bucket}/runs/one"


@pytest.fixture(params=["s3", "gcs"])
def url(request: pytest.FixtureRequest) -> str:
    """Each object store in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def start_python() -> Callable[..., subprocess.Popen[str]]:
    """Starts a script in a process of its own."""

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    """Writes the tiny experiment's YAML; keywords change what is declared."""

    def declare(**changes: Any) -> Path:
        file = tmp_path / "declared" / "small" / "defs.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        document = {"type": "assets.component.Experiment", "attributes": {**ATTRIBUTES, **changes}}
        file.write_text(yaml.safe_dump(document))
        return file

    return declare
