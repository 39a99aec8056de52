"""The parts of `rlsd ui`: what becomes of one that is killed."""

import multiprocessing.connection
import os
import signal
import sys
import time
from collections.abc import Iterator

import click
import pytest

from assets.cli.parts import Parts


def sleep() -> None:
    """Until a signal ends it; another program in its place might never see one sent meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        time.sleep(600)


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN], ids=["terminal", "background"])
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, request.param)
    parts = Parts({"page": sleep, "daemon": sleep})
    parts.start("page")
    parts.begin("daemon")
    yield parts
    parts.end()
    for number, handler in before.items():
        signal.signal(number, handler)


def pids(parts: Parts) -> dict[str, int]:
    return {name: process.pid for name, (process, _) in parts._running.items()}


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


def test_a_part_that_became_a_deaf_program_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.cli.parts._END_SECONDS", 0.5)

    def body() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"])

    parts = Parts({"workers": body})
    parts.begin("workers")
    process, _ = parts._running["workers"]
    # Its end of the pipe by which the parent hears of its end closes as it becomes the program.
    assert multiprocessing.connection.wait([process.sentinel], timeout=300)
    parts.end()
    assert process.exitcode == -signal.SIGKILL


def test_a_part_that_does_not_start_ends_the_rest(parts: Parts) -> None:
    parts._running["daemon"][0].kill()
    parts._running["daemon"][0].join()
    with pytest.raises(click.ClickException, match="the daemon ended with -9"):
        parts.look()
    parts.end()
    # By the interrupt, and not only once they are killed.
    assert parts._running["page"][0].exitcode == -signal.SIGINT
