"""`rlsd ui`: what it refuses, what it prints, and what becomes of a part that is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from assets.cli.parts import Parts
from assets.cli.ui import HOST
from rlsd_pipeline.home import ROOT


def sleep() -> None:
    """Until a signal ends it; another program in its place might never see one sent meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        time.sleep(600)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN], ids=["terminal", "background"])
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, request.param)
    parts = Parts({"page": sleep, "daemon": sleep})
    parts.start()
    parts.begin("page")
    parts.begin("daemon")
    yield parts
    parts.end()
    for number, handler in before.items():
        signal.signal(number, handler)


def pids(parts: Parts) -> dict[str, int]:
    return {name: process.pid for name, (process, _) in parts._running.items()}


def test_a_taken_port_is_refused_and_another_is_named(
    taken: int, run: Callable[..., object]
) -> None:
    answer = run("ui", "--port", taken)
    assert answer.exit_code == 1
    assert f"port {taken} is taken" in answer.error
    assert f"rlsd ui --port {taken + 1}" in answer.error


def test_a_part_that_is_killed_is_begun_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("assets.cli.parts._LIVED_SECONDS", 0.0)
    before = pids(parts)
    os.kill(before["page"], signal.SIGKILL)
    parts._running["page"][0].join()
    parts.look()
    after = pids(parts)
    assert after["daemon"] == before["daemon"]
    assert after["page"] != before["page"]
    assert parts._running["page"][0].is_alive()
    assert "the page ended with -9 and is begun again" in capfd.readouterr().err


def test_a_part_that_does_not_start_ends_the_rest(parts: Parts) -> None:
    parts._running["daemon"][0].kill()
    parts._running["daemon"][0].join()
    with pytest.raises(click.ClickException, match="the daemon ended with -9"):
        parts.look()
    parts.end()
    # By the interrupt, and not only once they are killed.
    assert parts._running["page"][0].exitcode == -signal.SIGINT


def test_a_service_ends_with_what_started_it(tmp_path: Path) -> None:
    """Otherwise a UI that is killed would leave its daemon."""
    began = f"""
import os
from functools import partial
from pathlib import Path

from assets.cli.parts import Parts
from assets.cli.service import DAEMON, run

parts = Parts({{DAEMON: partial(run, DAEMON, Path({str(tmp_path / "none")!r}), [])}})
parts.begin(DAEMON)
print(parts._running[DAEMON][0].pid, flush=True)
os._exit(0)
"""
    with (tmp_path / "said").open("w+") as said:
        subprocess.run([sys.executable, "-c", began], cwd=ROOT, stdout=said, check=True)
        said.seek(0)
        pid = int(said.read())
    ends = time.monotonic() + 120
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < ends
        time.sleep(0.2)
